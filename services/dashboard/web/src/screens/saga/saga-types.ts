// The elements of the timeline of a saga. All times are milliseconds since the epoch.
import type { StoryEvent } from '../../api/types.ts';

export const lanes = ['order', 'inventory', 'payment', 'provider'] as const;
export type Lane = (typeof lanes)[number];

/** A transaction of a service, or a call to the payment provider. */
export interface Block {
  readonly id: string;
  readonly lane: Lane;
  readonly start: number;
  readonly end: number;
  readonly label: string;
  readonly kind: 'done' | 'compensation' | 'ignored' | 'failed' | 'open';
  /** The event that the transaction handled. If no event caused the transaction: the first event that it emitted. Undefined for a
   *  transaction without events and for a provider call. */
  readonly eventId: string | undefined;
}

/** The path of an event from the transaction that emitted it to a transaction that handled it. */
export interface Hop {
  readonly id: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly from: string;
  readonly to: string;
  readonly committedAt: number;
  readonly publishedAt: number;
  readonly receivedAt: number;
  readonly isCompensation: boolean;
}

/** A line between a provider call and the transaction that requested the call or recorded its result. */
export interface CallLink {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

/** A period of time, with a label such as `waiting for a seller`. */
export interface Period {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

export interface Saga {
  readonly blocks: readonly Block[];
  readonly hops: readonly Hop[];
  readonly links: readonly CallLink[];
  /** The longest step of the saga, or the longest transaction. Waits for a person or a deadline do not count. */
  readonly slowest: Period | undefined;
  /** The longest waits, sorted by time. */
  readonly waits: readonly Period[];
  /** Events that no service has consumed yet. */
  readonly unconsumed: readonly StoryEvent[];
}
