// Repair: a service appends the events of its current state to the outbox again. Its state does not change. The events have new
// ids, so the inbox of a consumer does not recognise them as duplicates. A consumer that has handled the original event still
// ignores the repeated one, because its state does not allow the event twice. Without repair, the only way to continue a stuck
// order would be a manual change in a database.
import { and, asc, eq, gte } from 'drizzle-orm';
import { outbox } from '../../../drizzle/messaging/schema.ts';
import type { Database } from '../database/database.ts';
import { timeOfUuid } from '../telemetry/uuid-time.ts';
import type { Accepted, Ignored } from './decision/decision.ts';
import { handle, type CommandHandler, type Claim, type Shell } from './handle.ts';
import type { DomainEvent } from '../../../schemas/generated/events.ts';
import type { MessageContext } from './message-context.ts';

/** An administrator's request. */
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

const clockDifferenceMs = 60_000;

/**
 * The traceparent of the order's first event (empty if there is none), to which the trace of the repair links. An order id contains
 * the time at which the order was placed, so the query can use the index on `occurred_at`. The clocks of two services may differ.
 */
const firstTraceOf = async (db: Database, orderId: string): Promise<readonly string[]> => {
  const placedAt = timeOfUuid(orderId);
  const ofOrder = eq(outbox.aggregateId, orderId);
  const rows = await db
    .select({ traceparent: outbox.traceparent })
    .from(outbox)
    .where(
      placedAt === undefined
        ? ofOrder
        : and(ofOrder, gte(outbox.occurredAt, new Date(placedAt.getTime() - clockDifferenceMs))),
    )
    .orderBy(asc(outbox.occurredAt))
    .limit(1);
  return rows.map(({ traceparent }) => traceparent);
};

/** The response for a decision. */
export const repairedBy = (
  { orderId }: Repair,
  decision: Accepted<unknown, DomainEvent> | Ignored,
): Repaired => ({
  orderId,
  emitted: decision.kind === 'accepted' ? decision.events.map((event) => event.type) : [],
  note: decision.kind === 'accepted' ? null : decision.reason,
});

/** Carries out one repair. A repeated request gets the stored response. */
export async function repair<State, Next, Prior>(
  shell: Shell,
  repairHandler: CommandHandler<Repair, State, Next>,
  origin: MessageContext,
  input: Repair,
  claim: Claim<NoInfer<Next>, Prior>,
): Promise<{ readonly repaired: Repaired } | { readonly prior: Prior }> {
  const context = { ...origin, links: await firstTraceOf(shell.db, input.orderId) };
  const message = { id: context.causationId, context, at: new Date(), input };
  const handled = await handle(shell, repairHandler, message, claim);
  return handled.kind === 'duplicate' ? { prior: handled.prior } : { repaired: repairedBy(input, handled) };
}
