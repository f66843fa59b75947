// Repair: a service says again what its present state implies, through its outbox. State never changes; the events have new
// ids and are facts, so a consumer that knew them already ignores them. Without it a stuck order could only be moved on by
// writing into a database, past every decision.
import { z } from '@hono/zod-openapi';
import { and, asc, eq, gte } from 'drizzle-orm';
import { outbox } from '../../../../drizzle/messaging/schema.ts';
import type { Database } from '../../database/database.ts';
import { handle, unclaimed, type Aggregate, type Shell } from '../../transaction/handle.ts';
import { messageContextOf, type AppContext } from '../server/request-context.ts';
import { json, jsonBody } from '../request/shapes.ts';
import { printable } from '../request/text.ts';
import { timeOfUuid } from '../../telemetry/uuid-time.ts';

/** What an administrator asks: the order, and why. */
export interface Repair {
  readonly orderId: string;
  readonly reason: string;
}

const repairView = z
  .object({
    orderId: z.uuid(),
    emitted: z.array(z.string()).openapi({ description: 'Types of the events appended to the outbox' }),
    note: z.string().nullable().openapi({ description: 'Why nothing was emitted' }),
  })
  .openapi('Repaired');

const body = z.strictObject({ reason: printable(500) }).openapi('Repair');

/** The same call at every service; `params` names the part of the path that is the order's id. */
export const repairConfig = <Params extends z.ZodObject>(params: Params) => ({
  summary: 'Say again what the present state implies',
  request: { params, body: jsonBody(body) },
  responses: { 200: { description: 'What was said again', content: json(repairView) } },
  problems: [409],
});

/**
 * The trace of what the service said of the order at first, to link what it says now: at most one. An order's id holds the
 * time at which it was placed, so the index leads to it, and only what was said since is looked at.
 */
const saidAtFirst = async (db: Database, orderId: string): Promise<readonly string[]> => {
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

/** Carries out a repair that an administrator asks for, and yields the answer to it. */
export async function repair<State, Next>(
  c: AppContext,
  shell: Shell,
  repairing: Aggregate<Repair, State, Next>,
  input: Repair,
): Promise<z.infer<typeof repairView>> {
  const context = { ...messageContextOf(c), links: await saidAtFirst(shell.db, input.orderId) };
  const message = { id: context.causationId, context, at: new Date(), input };
  const handled = await handle(shell, repairing, message, unclaimed);
  if (handled.kind === 'duplicate') return handled.prior;
  const answer = {
    orderId: input.orderId,
    emitted: handled.kind === 'accepted' ? handled.events.map((event) => event.type) : [],
    note: handled.kind === 'accepted' ? null : handled.reason,
  };
  c.get('logger').info('repair', { ...answer, reason: input.reason, actor: context.actor });
  return answer;
}
