// The call for a repair, the same at every service; transaction/repair.ts carries it out.
import { z } from '@hono/zod-openapi';
import type { Aggregate, Shell } from '../../transaction/handle.ts';
import { repair, type Repair, type Repaired } from '../../transaction/repair.ts';
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

/** `params` names the part of the path that is the order's id. */
export const repairConfig = <Params extends z.ZodObject>(params: Params) => ({
  summary: 'Say again what the present state implies',
  request: { params, body: jsonBody(body) },
  responses: { 200: { description: 'What was said again', content: json(repairedView) } },
  problems: [409],
});

/** Carries out the repair that an administrator asks for, logs it and yields the answer. */
export async function answerRepair<State, Next>(
  c: AppContext,
  shell: Shell,
  repairHandler: Aggregate<Repair, State, Next>,
  input: Repair,
): Promise<Repaired> {
  const context = messageContextOf(c);
  const repaired = await repair(shell, repairHandler, context, input);
  c.get('logger').info('repair', { ...repaired, reason: input.reason, actor: context.actor });
  return repaired;
}
