// Repair: a service emits again the events that its present state implies, through its outbox. State never changes. The events
// have new ids and state facts, so a consumer that knows them already ignores them. Without repair, an order that is stuck could
// only be moved on by writing into a database, past every decision.
import { and, asc, eq, gte } from 'drizzle-orm';
import { outbox } from '../../../drizzle/messaging/schema.ts';
import type { Database } from '../database/database.ts';
import { timeOfUuid } from '../telemetry/uuid-time.ts';
import { handle, unclaimed, type Aggregate, type Shell } from './handle.ts';
import type { MessageContext } from './message-context.ts';

/** What an administrator asks: the order, and why. */
export interface Repair {
  readonly orderId: string;
  readonly reason: string;
}

export interface Repaired {
  readonly orderId: string;
  /** Types of the events that were appended to the outbox. */
  readonly emitted: string[];
  /** Why nothing was emitted. */
  readonly note: string | null;
}

/**
 * The traceparent of the first event of the order, at most one: the repair's trace links to it. An order's id holds the time at
 * which it was placed, so the index on that time leads to the event.
 */
const firstTraceOf = async (db: Database, orderId: string): Promise<readonly string[]> => {
  const placedAt = timeOfUuid(orderId);
  const ofOrder = eq(outbox.aggregateId, orderId);
  const rows = await db
    .select({ traceparent: outbox.traceparent })
    .from(outbox)
    .where(placedAt === undefined ? ofOrder : and(ofOrder, gte(outbox.occurredAt, placedAt)))
    .orderBy(asc(outbox.occurredAt))
    .limit(1);
  return rows.map(({ traceparent }) => traceparent);
};

/** Carries out one repair. */
export async function repair<State, Next>(
  shell: Shell,
  repairHandler: Aggregate<Repair, State, Next>,
  origin: MessageContext,
  input: Repair,
): Promise<Repaired> {
  const context = { ...origin, links: await firstTraceOf(shell.db, input.orderId) };
  const message = { id: context.causationId, context, at: new Date(), input };
  const handled = await handle(shell, repairHandler, message, unclaimed);
  if (handled.kind === 'duplicate') return handled.prior;
  return {
    orderId: input.orderId,
    emitted: handled.kind === 'accepted' ? handled.events.map((event) => event.type) : [],
    note: handled.kind === 'accepted' ? null : handled.reason,
  };
}
