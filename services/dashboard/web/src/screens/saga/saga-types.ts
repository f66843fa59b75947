// The parts of the drawing of a saga. All times are milliseconds since the epoch.
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
  readonly kind: 'done' | 'undo' | 'ignored' | 'failed' | 'open';
  /** The event that the transaction handled; without one, the first event that it emitted. */
  readonly eventId: string | undefined;
}

/** An event, from the transaction that committed it to a transaction that handled it. */
export interface Hop {
  readonly id: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly from: string;
  readonly to: string;
  readonly committedAt: number;
  readonly publishedAt: number;
  readonly receivedAt: number;
  readonly undo: boolean;
}

/** A line between a provider call and the transaction that requested it, or the one that recorded its result. */
export interface CallLink {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

/** A stretch of time and what it was spent on. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

export interface Saga {
  readonly blocks: readonly Block[];
  readonly hops: readonly Hop[];
  readonly links: readonly CallLink[];
  /** The longest wait or transaction. */
  readonly slowest: Stretch | undefined;
  /** The longest waits, in the order of time. */
  readonly waits: readonly Stretch[];
  /** Events that no service has consumed yet. */
  readonly waiting: readonly StoryEvent[];
}
