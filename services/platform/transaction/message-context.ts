// The origin of a transaction and of its events: the actor, the trace and the cause.
import type { PersonsAction } from '../audit-log/audit-log.ts';

export interface MessageContext {
  /** The same for everything that one request of a client causes. */
  readonly correlationId: string;
  /** Id of the event or request that directly caused this one. */
  readonly causationId: string;
  /** W3C traceparent, version 00. */
  readonly traceparent: string;
  /** Traceparents of earlier traces, such as that of the events that a repair emits again. */
  readonly links?: readonly string[];
  /** The subject of a person, or the name of a part of the system. */
  readonly actor: string;
  /** The action of a person, for the audit log; events and timers have none. */
  readonly action?: PersonsAction;
}
