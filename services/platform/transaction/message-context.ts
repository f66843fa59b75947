// The origin of a transaction and of the events it appends: who acted, in which trace, caused by what.
import type { PersonsAction } from '../audit-log/audit-log.ts';

/** What every message and every transaction knows about where it came from. */
export interface MessageContext {
  /** The same for everything that follows from one action of a client. */
  readonly correlationId: string;
  /** Id of the event or request that directly caused this one. */
  readonly causationId: string;
  /** W3C traceparent, version 00. */
  readonly traceparent: string;
  /** Traceparents of what was said before and is said again. */
  readonly links?: readonly string[];
  /** Subject of the person or name of the part that acted. */
  readonly actor: string;
  /** What a person asked for, for the audit log; events and timers have none. */
  readonly action?: PersonsAction;
}
