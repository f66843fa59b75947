// A decision is what a pure function made of an input and the present state. It says what is to happen; the shell makes
// it happen. A late or repeated input is ignored with a reason and never thrown: a thrown one would block its partition.

export interface Accepted<State, Event> {
  readonly kind: 'accepted';
  readonly state: State;
  readonly events: readonly Event[];
}
export interface Ignored {
  readonly kind: 'ignored';
  readonly reason: string;
}
export interface Rejection {
  readonly kind: 'rejected';
  readonly code: string;
  readonly detail: string;
}
export type Decision<State, Event> = Accepted<State, Event> | Ignored | Rejection;

/** The input takes effect: this is the new state, these events follow from it. */
export const accepted = <State, Event>(state: State, ...events: Event[]): Accepted<State, Event> => ({
  kind: 'accepted',
  state,
  events,
});

/** The input comes late or again and changes nothing. The reason is kept with the claimed input. */
export const ignored = (reason: string): Ignored => ({ kind: 'ignored', reason });

/** The input cannot be: a person's mistake when it came by HTTP, a dead letter when it came by Kafka. */
export const rejected = (code: string, detail: string): Rejection => ({ kind: 'rejected', code, detail });
