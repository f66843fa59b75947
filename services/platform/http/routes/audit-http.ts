// The audit log at the HTTP edge: a refusal is recorded before the response is sent, and administrators read and verify the
// log. An accepted action is recorded elsewhere, in the transaction of its effect.
import { permissionsOfServices } from '../endpoint/permissions.ts';
import { z } from '@hono/zod-openapi';
import { and, desc, eq, gte, lt, sql } from 'drizzle-orm';
import type { MiddlewareHandler } from 'hono';
import { auditLog, auditSeals } from '../../../../drizzle/messaging/schema.ts';
import { recordAction } from '../../audit-log/audit-log.ts';
import { verifyAuditLog } from '../../audit-log/audit-seal.ts';
import { encodeCursor } from '../request/cursor.ts';
import type { Database } from '../../database/database.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { problem } from '../endpoint/problem.ts';
import { personsActionOf, routePatternOf, type App, type AppEnv } from '../server/request-context.ts';
import { instant, integerIn, json, pageOf, pageQuery, positionIn } from '../request/shapes.ts';
import { printable } from '../request/text.ts';

const readingMethods = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];
/** Only the first 429 of a subject in this period is recorded. */
const throttledEveryMs = 60_000;
/** Maximum number of subjects in memory; a further subject replaces the oldest. */
const maximumThrottled = 1_000;

/**
 * Records refused requests of authenticated callers, except reads and requests for unknown paths. The entry is committed before the
 * response is sent; if the commit fails, the response is 503, so that nobody can try actions without a trace. Must be registered
 * before the endpoints; the caller is known after `next()`, because the endpoints authenticate.
 *
 * Some other responses are only in the request log. 401, 413 before authentication, and 429 beyond the first in a minute: an entry
 * for each would let attackers fill the disk. 5xx: the cause is the state of the service, not the action.
 */
export function recordRefusals(db: Database): MiddlewareHandler<AppEnv> {
  const throttled = new Map<string, number>();
  const isFirstInPeriod = (subject: string): boolean => {
    const now = performance.now();
    if (now - (throttled.get(subject) ?? -Infinity) < throttledEveryMs) return false;
    throttled.delete(subject);
    throttled.set(subject, now);
    const [oldest] = throttled.keys();
    if (throttled.size > maximumThrottled && oldest !== undefined) throttled.delete(oldest);
    return true;
  };

  return async (c, next) => {
    await next();
    const { status } = c.res;
    const principal = c.get('principal');
    if (status < 400 || status > 499 || principal === undefined) return;
    if (readingMethods.includes(c.req.method) || routePatternOf(c) === 'unmatched') return;
    if (status === 429 && !isFirstInPeriod(principal.subject)) return;
    const code = c.get('problem') ?? `status_${status}`;
    try {
      await recordAction(db, personsActionOf(c), { outcome: 'refused', status, code }, new Date());
    } catch (cause) {
      if (status === 429) throttled.delete(principal.subject);
      throw problem('unavailable', { headers: { 'Retry-After': '1' }, cause });
    }
  };
}

const outcome = z.enum(['accepted', 'ignored', 'refused']);
export const entryView = z
  .object({
    id: z.int(),
    position: z.int().nullable().openapi({ description: 'Place in the hash chain; null until it is sealed' }),
    at: z.iso.datetime(),
    subject: z.string(),
    roles: z.array(z.string()),
    action: z.string(),
    resource: z.string().nullable().openapi({ description: 'The resource, such as an order’s id' }),
    outcome,
    status: z.int().nullable().openapi({ description: 'HTTP status of a refusal' }),
    code: z.string().nullable().openapi({ description: 'Why the action was ignored or refused' }),
    correlationId: z.string(),
    requestId: z.string(),
  })
  .openapi('AuditEntry');

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
const position = integerIn(1, Number.MAX_SAFE_INTEGER);
export const verificationView = z
  .object({
    status: z.enum(['intact', 'broken']),
    entries: z.int(),
    unsealed: z.int().openapi({
      description:
        'Number of entries without a seal. An entry is sealed about a second after its commit, or later while a transaction that began before it is running or a backlog is sealed. Without such a cause, an entry without a seal is a sign of tampering',
    }),
    head: z.object({ position: z.int(), hash: z.string() }),
    firstBroken: z.object({ position: z.int(), sentence: z.string() }).nullable(),
  })
  .openapi('AuditVerification');

const tags = ['audit log'];

const listRoute = endpoint(permissionsOfServices['audit.list'], {
  tags,
  summary: 'Actions of people: accepted, ignored and refused, newest first',
  request: {
    query: z.object({
      subject: printable(200).optional(),
      action: printable(200).optional(),
      outcome: outcome.optional(),
      from: instant.optional().openapi({ description: 'Inclusive' }),
      to: instant.optional().openapi({ description: 'Exclusive' }),
      ...pageQuery,
    }),
  },
  responses: {
    200: {
      description: 'A page of entries',
      content: json(pageOf(entryView, 'AuditPage')),
    },
  },
});

/** States that position and hash belong together: OpenAPI can express this only with an object parameter. */
const anchorRule = {
  name: 'anchor',
  in: 'query',
  description: 'An anchor is a position and its hash: both are needed.',
  style: 'form',
  explode: true,
  schema: {
    type: 'object',
    properties: { position: { type: 'integer' }, hash: { type: 'string' } },
    dependentRequired: { position: ['hash'], hash: ['position'] },
  },
} as const;

export const verificationRoute = endpoint(permissionsOfServices['audit.verify'], {
  tags,
  // Verifying a long chain takes longer than the time limit of requests. Each of its queries is bounded.
  kind: 'stream',
  summary:
    'Verify the hash chain. With an anchor (a position and hash from the log of the process), also detect that the newest entries of the chain were removed',
  parameters: [anchorRule],
  request: {
    query: z
      .object({ position: position.optional(), hash: hash.optional() })
      .refine((anchor) => (anchor.position === undefined) === (anchor.hash === undefined), {
        message: 'must come together with position',
        path: ['hash'],
      }),
  },
  responses: {
    200: { description: 'Whether the log is unchanged', content: json(verificationView) },
  },
});

/** A page begins after this entry. */
const entryPosition = z
  .tuple([instant, z.string().regex(/^\d{1,16}$/)])
  .transform(([at, id]) => ({ at, id }));

/** Adds the routes below `/api/v1/audit`. */
export function registerAuditRoutes(app: App, db: Database): void {
  app.openapi(listRoute, async (c) => {
    const query = c.req.valid('query');
    const { subject, action, from, to, limit, cursor } = query;
    const after = positionIn(cursor, entryPosition);
    const found = await db
      .select({ entry: auditLog, position: auditSeals.position })
      .from(auditLog)
      .leftJoin(auditSeals, eq(auditSeals.entryId, auditLog.id))
      .where(
        and(
          subject === undefined ? undefined : eq(auditLog.subject, subject),
          action === undefined ? undefined : eq(auditLog.action, action),
          query.outcome === undefined ? undefined : eq(auditLog.outcome, query.outcome),
          from === undefined ? undefined : gte(auditLog.at, new Date(from)),
          to === undefined ? undefined : lt(auditLog.at, new Date(to)),
          after && sql`(${auditLog.at}, ${auditLog.id}) < (${after.at}::timestamptz, ${after.id}::bigint)`,
        ),
      )
      .orderBy(desc(auditLog.at), desc(auditLog.id))
      .limit(limit + 1);
    const data = found
      .slice(0, limit)
      .map(({ entry: { transaction: _, at, ...entry }, position: sealed }) => ({
        ...entry,
        at: at.toISOString(),
        position: sealed,
      }));
    const last = data.at(-1);
    const nextCursor = found.length > limit && last ? encodeCursor(last.at, String(last.id)) : null;
    return c.json({ data, nextCursor }, 200);
  });

  app.openapi(verificationRoute, async (c) => {
    const query = c.req.valid('query');
    const anchor =
      query.position === undefined || query.hash === undefined
        ? undefined
        : { position: query.position, hash: query.hash };
    return c.json(await verifyAuditLog(db, { anchor, signal: c.req.raw.signal }), 200);
  });
}
