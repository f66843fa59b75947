// Repair: a service says again what its present state implies, through its outbox. State never changes; the events have new
// ids and are facts, so a consumer that knew them already ignores them. Without it a stuck order could only be moved on by
// writing into a database, past every decision.
import { z } from '@hono/zod-openapi';
import type { Accepted, Ignored } from './core/decision.ts';
import { json, jsonBody } from './shapes.ts';
import { printable } from './text.ts';

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

/** The answer to a repair. */
export const repaired = (
  orderId: string,
  decided: Accepted<unknown, { readonly type: string }> | Ignored,
): z.infer<typeof repairView> => ({
  orderId,
  emitted: decided.kind === 'accepted' ? decided.events.map((event) => event.type) : [],
  note: decided.kind === 'accepted' ? null : decided.reason,
});
