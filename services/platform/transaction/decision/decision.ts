// A decision is the result of a pure function of an input and the current state; `handle` carries it out. A late or repeated input
// is ignored with a reason. It never causes an exception, because an exception would make a dead letter of a good event.

export interface Accepted<State, Event> {
  readonly kind: 'accepted';
  readonly state: State;
  readonly events: readonly Event[];
}
export interface Ignored {
  readonly kind: 'ignored';
  readonly reason: string;
}
interface Rejection {
  readonly kind: 'rejected';
  readonly code: string;
  readonly detail: string;
}
export type Decision<State, Event> = Accepted<State, Event> | Ignored | Rejection;

/** The input takes effect, with this new state and these events. */
export const accepted = <State, Event>(state: State, ...events: Event[]): Accepted<State, Event> => ({
  kind: 'accepted',
  state,
  events,
});

/** The input is late or repeated and changes nothing. The reason of an ignored event is stored in its inbox row. */
export const ignored = (reason: string): Ignored => ({ kind: 'ignored', reason });

/** The input is impossible: a client of the API gets an error, an event becomes a dead letter. */
export const rejected = (code: string, detail: string): Rejection => ({ kind: 'rejected', code, detail });
