// The inbox (idempotent consumer): an event takes effect once per consumer group, because the transaction that handles it inserts a
// row with the event id (it claims the event). A concurrent second delivery waits on the primary key, finds the row, and is only
// counted.
import { and, eq, sql } from 'drizzle-orm';
import { duplicateDeliveries, processedEvents } from '../../../drizzle/messaging/schema.ts';
import type { Transaction } from '../database/database.ts';
import { insertInto } from '../database/prepared.ts';
import type { Claim } from './handle.ts';

/** Settles the replayed dead letter in the transaction that handles its event; false when it is settled already. */
export type SettleDeadLetter = (tx: Transaction, now: Date) => Promise<boolean>;

/** The origin of a delivered event. */
export interface Delivery {
  readonly consumer: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly publishedAt: Date;
  /** 1 for the first attempt to handle the event. */
  readonly attempts: number;
  /** Set when a dead letter is replayed. */
  readonly replay?: SettleDeadLetter;
}

const insertProcessed = insertInto(processedEvents, { ignoreConflicts: true });

/** Claims the event for its consumer group. `prior` is undefined: a duplicate event needs no result. */
export function inboxClaim({ replay, ...delivery }: Delivery): Claim<unknown, undefined> {
  return {
    take: async (tx, now) => {
      if (replay && !(await replay(tx, now))) return { taken: false, prior: undefined };
      const row = { ...delivery, processedAt: now, outcome: 'accepted' };
      if ((await insertProcessed(tx, [row]).execute()).count === 1) return { taken: true };
      const { consumer, eventId } = delivery;
      await tx
        .insert(duplicateDeliveries)
        .values({ consumer, eventId, count: 1, lastAt: now })
        .onConflictDoUpdate({
          target: [duplicateDeliveries.consumer, duplicateDeliveries.eventId],
          set: { count: sql`${duplicateDeliveries.count} + 1`, lastAt: now },
        });
      return { taken: false, prior: undefined };
    },
    settle: (tx, decision) => {
      if (decision.kind === 'accepted') return [];
      const { consumer, eventId } = delivery;
      return [
        tx
          .update(processedEvents)
          .set({ outcome: `ignored: ${decision.reason}` })
          .where(and(eq(processedEvents.consumer, consumer), eq(processedEvents.eventId, eventId))),
      ];
    },
  };
}
