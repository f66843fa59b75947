// The origin of a transaction and of its events: the actor, the trace and the cause.
import type { PersonsAction } from '../audit-log/audit-log.ts';

export interface MessageContext {
  /** The same for all effects of one client request. */
  readonly correlationId: string;
  /** Id of the event, request or sweep that directly caused this input. */
  readonly causationId: string;
  /** W3C traceparent, version 00. */
  readonly traceparent: string;
  /** Traceparents of earlier traces, such as the trace of the order that a repair concerns. */
  readonly links?: readonly string[];
  /** The subject of a person, or the name of an automatic cause, such as `event:order.created`. */
  readonly actor: string;
  /** The action of a person, for the audit log; events and timers have none. */
  readonly action?: PersonsAction;
}
