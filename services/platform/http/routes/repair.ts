// The endpoint for a repair, the same in every service; transaction/repair.ts has the logic.
import { z } from '@hono/zod-openapi';
import type { CommandHandler, Shell } from '../../transaction/handle.ts';
import { repair, repairedBy, type Repair, type Repaired } from '../../transaction/repair.ts';
import { claimOf, idempotencyKeyHeader, replayHeaders } from '../request/idempotency-http.ts';
import { json, jsonBody } from '../request/shapes.ts';
import { printable } from '../request/text.ts';
import { messageContextOf, type AppContext } from '../server/request-context.ts';

const repairedView = z
  .object({
    orderId: z.uuid(),
    emitted: z.array(z.string()).openapi({ description: 'Types of the events appended to the outbox' }),
    note: z.string().nullable().openapi({ description: 'Why nothing was emitted' }),
  })
  .openapi('Repaired');

const body = z.strictObject({ reason: printable(500) }).openapi('Repair');

/** `params` is the schema of the path parameter with the order's id. */
export const repairConfig = <Params extends z.ZodObject>(params: Params) => ({
  summary: 'Emit the events of the current state again',
  request: { params, headers: z.object(idempotencyKeyHeader), body: jsonBody(body) },
  responses: { 200: { description: 'The events that were emitted', content: json(repairedView) } },
  problems: [409],
});

/** Performs and logs the repair; returns body, status and headers of the response. */
export async function answerRepair<State, Next>(
  c: AppContext,
  shell: Shell,
  repairHandler: CommandHandler<Repair, State, Next>,
  key: string | undefined,
  input: Repair,
): Promise<readonly [Repaired, 200, Record<string, string>]> {
  const context = messageContextOf(c);
  const claim = claimOf<Next>(c, key, { reason: input.reason }, (decision) => ({
    status: 200,
    body: repairedBy(input, decision),
    headers: {},
  }));
  const outcome = await repair(shell, repairHandler, context, input, claim);
  if ('prior' in outcome) return [repairedView.parse(outcome.prior.body), 200, replayHeaders(outcome.prior)];
  const { repaired } = outcome;
  c.get('logger').info('repair', { ...repaired, reason: input.reason, actor: context.actor });
  return [repaired, 200, {}];
}
