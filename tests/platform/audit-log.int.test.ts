// The audit log on a real database: an entry is committed together with the effect of its action, all instances seal one hash
// chain, and the verification names the position at which the database owner has tampered with the log.
import { randomUUID } from 'node:crypto';
import { asc, sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { auditLog, auditSeals, outbox } from '../../drizzle/messaging/schema.ts';
import { traceparent, useTestShell } from '../support/database.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { chainStart, type ChainPoint } from '../../services/platform/audit-log/audit-chain.ts';
import { recordRefusals, registerAuditRoutes } from '../../services/platform/http/routes/audit-http.ts';
import { recordAction, type PersonsAction } from '../../services/platform/audit-log/audit-log.ts';
import { sealBatch, startSealing, verifyAuditLog } from '../../services/platform/audit-log/audit-seal.ts';
import {
  accepted,
  ignored,
  rejected,
  type Decision,
} from '../../services/platform/transaction/decision/decision.ts';
import { connectDatabase, type Database } from '../../services/platform/database/database.ts';
import type { DomainEvent } from '../../schemas/generated/events.ts';
import {
  handle,
  unclaimed,
  type CommandHandler,
  type Message,
} from '../../services/platform/transaction/handle.ts';
import { createGuards } from '../../services/platform/http/limits/guards.ts';
import { createApp } from '../../services/platform/http/server/app.ts';
import {
  messageContextOf,
  type App,
  type Principal,
} from '../../services/platform/http/server/request-context.ts';
import { idempotencyClaim } from '../../services/platform/transaction/idempotency.ts';
import { problem } from '../../services/platform/http/endpoint/problem.ts';

const { logger, lines } = recordingLogger();
const { database, shell } = useTestShell('order', ['order.fulfilled']);
let db: Database;

beforeAll(async () => {
  ({ db } = shell);
});
beforeEach(async () => {
  lines.length = 0;
  await db.execute(sql`truncate audit_log, audit_seals, outbox, idempotency_keys restart identity`);
});

const actionTime = new Date('2026-01-01T10:00:00.123Z');
const action = (more: Partial<PersonsAction> = {}): PersonsAction => ({
  subject: 'customer-1',
  roles: ['USER'],
  name: 'orders.cancel',
  resource: 'order-1',
  correlationId: 'correlation-1',
  requestId: randomUUID(),
  ...more,
});
const fulfilled = (orderId: string): DomainEvent => ({
  type: 'order.fulfilled',
  data: { orderId, customerId: 'customer-1' },
});

/** A handler whose input is the decision itself. The effect of an accepted input is the event that it emits. */
const decideAsGiven: CommandHandler<Decision<string, DomainEvent>, null, string> = {
  load: () => Promise.resolve(null),
  decide: (decision) => decision,
  save: () => [],
};
const message = (
  input: Decision<string, DomainEvent>,
  requested?: PersonsAction,
): Message<Decision<string, DomainEvent>> => ({
  id: randomUUID(),
  input,
  at: actionTime,
  context: {
    correlationId: 'correlation-1',
    causationId: 'cause-1',
    traceparent,
    actor: 'tester',
    ...(requested ? { action: requested } : {}),
  },
});

const entries = () => db.select().from(auditLog).orderBy(asc(auditLog.id));
const seals = () => db.select().from(auditSeals).orderBy(asc(auditSeals.position));
const effects = async () => (await db.select().from(outbox)).length;
/**
 * Seals until the chain has this length. Sealing may need several attempts, because any open transaction on the server delays
 * sealing.
 */
const sealUpTo = async (length: number, batchSize = 500): Promise<void> => {
  const sealOnce = async () => {
    await sealBatch(db, batchSize);
    return (await seals()).length;
  };
  await expect.poll(sealOnce, { timeout: 10_000, interval: 20 }).toBe(length);
};
const addEntries = async (count: number): Promise<void> => {
  for (let index = 1; index <= count; index += 1)
    await recordAction(db, action({ resource: `order-${index}` }), { outcome: 'accepted' }, actionTime);
};
const signal = new AbortController().signal;
const verify = (anchor?: ChainPoint) => verifyAuditLog(db, { anchor, signal, batch: 3 });

describe('an entry', () => {
  it('of an accepted action is written in the transaction of its effect, with subject, action, time and resource', async () => {
    const requested = action();
    await handle(shell, decideAsGiven, message(accepted('done', fulfilled('order-1')), requested), unclaimed);
    expect(await entries()).toMatchObject([
      {
        at: actionTime,
        subject: 'customer-1',
        roles: ['USER'],
        action: 'orders.cancel',
        resource: 'order-1',
        outcome: 'accepted',
        status: null,
        code: null,
        correlationId: 'correlation-1',
        requestId: requested.requestId,
      },
    ]);
    expect(await effects()).toBe(1);
  });

  it('of an action that creates something names the new resource', async () => {
    const decision = accepted('done', fulfilled('order-new'));
    await handle(shell, decideAsGiven, message(decision, action({ resource: null })), unclaimed);
    expect(await entries()).toMatchObject([{ resource: 'order-new' }]);
  });

  it('of an ignored action contains the reason', async () => {
    await handle(shell, decideAsGiven, message(ignored('already_cancelled'), action()), unclaimed);
    expect(await entries()).toMatchObject([{ outcome: 'ignored', code: 'already_cancelled' }]);
  });

  it('is not written for events and timers', async () => {
    await handle(shell, decideAsGiven, message(accepted('done', fulfilled('order-1'))), unclaimed);
    expect([await effects(), await entries()]).toEqual([1, []]);
  });

  it('is rolled back together with its effect', async () => {
    const claim = { ...unclaimed, settle: () => Promise.reject(new Error('the process dies here')) };
    const crashing = handle(
      shell,
      decideAsGiven,
      message(accepted('done', fulfilled('order-1')), action()),
      claim,
    );
    await expect(crashing).rejects.toThrow('dies here');
    await expect(
      handle(shell, decideAsGiven, message(rejected('no', 'No.'), action()), unclaimed),
    ).rejects.toThrow();
    expect([await effects(), await entries()]).toEqual([0, []]);
  });

  it('that cannot be written rolls back the effect of its action', async () => {
    const unstorable = action({ correlationId: 'a\0b' });
    const failing = handle(
      shell,
      decideAsGiven,
      message(accepted('done', fulfilled('order-1')), unstorable),
      unclaimed,
    );
    await expect(failing).rejects.toThrow();
    expect([await effects(), await entries()]).toEqual([0, []]);
  });

  it('is written once for a request that is repeated with its Idempotency-Key', async () => {
    const claim = () =>
      idempotencyClaim<string>({
        scope: 'customer-1 POST /',
        key: 'key-1',
        fingerprint: 'f',
        answer: (state) => ({ status: 201, body: state, headers: {} }),
      });
    const send = () =>
      handle(shell, decideAsGiven, message(accepted('done', fulfilled('order-1')), action()), claim());
    expect([(await send()).kind, (await send()).kind]).toEqual(['accepted', 'duplicate']);
    expect(await entries()).toHaveLength(1);
  });
});

describe('sealing', () => {
  it('appends committed entries to the chain, and appends nothing without new entries', async () => {
    await addEntries(3);
    await sealUpTo(3);
    const [, , third] = await seals();
    expect(await sealBatch(db, 500)).toEqual({ sealed: 0, head: { position: 3, hash: third?.hash } });
    await addEntries(2);
    await sealUpTo(5);
    expect((await seals()).map(({ position, entryId }) => [position, entryId])).toEqual(
      [1, 2, 3, 4, 5].map((place) => [place, place]),
    );
    expect(await verify()).toMatchObject({
      status: 'intact',
      entries: 5,
      unsealed: 0,
      head: { position: 5 },
    });
  });

  it('seals at most one batch per transaction', async () => {
    await addEntries(5);
    const results = [];
    while ((await seals()).length < 5) results.push(await sealBatch(db, 2));
    expect(Math.max(...results.map((result) => Number(Object(result).sealed)))).toBe(2);
    expect(await verify()).toMatchObject({ status: 'intact', unsealed: 0 });
  });

  it('skips no entry: it waits for an open transaction that has already written an entry', async () => {
    const commit = Promise.withResolvers<undefined>();
    const appended = Promise.withResolvers<undefined>();
    const slowTransaction = db.transaction(async (tx) => {
      await recordAction(tx, action({ resource: 'slow' }), { outcome: 'accepted' }, actionTime);
      appended.resolve(undefined);
      await commit.promise;
    });
    await appended.promise;
    await recordAction(db, action({ resource: 'quick' }), { outcome: 'accepted' }, actionTime);
    const resultBeforeCommit = await sealBatch(db, 500);
    commit.resolve(undefined);
    await slowTransaction;
    expect(resultBeforeCommit).toMatchObject({ sealed: 0 });
    await sealUpTo(2);
    expect((await entries()).map(({ resource }) => resource)).toEqual(['slow', 'quick']);
    expect(await verify()).toMatchObject({ status: 'intact', entries: 2, unsealed: 0 });
  });

  it('by several instances at once, while actions are recorded, produces one chain without gaps', async () => {
    const instances = Array.from({ length: 3 }, (_, index) =>
      connectDatabase(database.url, `test-${index}`, { poolSize: 4 }),
    );
    let isWriting = true;
    const writing = Promise.all(
      Array.from({ length: 4 }, async () => {
        await addEntries(40);
      }),
    ).finally(() => (isWriting = false));
    const results: Awaited<ReturnType<typeof sealBatch>>[] = [];
    const sealing = instances.map(async ({ db: instanceDb }) => {
      while (isWriting) results.push(await sealBatch(instanceDb, 7));
    });
    await Promise.all([writing, ...sealing]);
    await sealUpTo(160);
    await Promise.all(instances.map((instance) => instance.close()));

    expect(results).toContain('another instance is sealing');
    expect((await seals()).map(({ position }) => position)).toEqual(
      Array.from({ length: 160 }, (_, i) => i + 1),
    );
    expect(await verify()).toMatchObject({ status: 'intact', entries: 160, unsealed: 0 });
  });

  it('writes the head of the chain to the log, as an anchor outside the database', async () => {
    await addEntries(1);
    const sealer = startSealing({ db, logger });
    const logged = () => lines.find(({ message: text }) => text === 'audit log sealed');
    await expect.poll(logged, { timeout: 10_000 }).toBeDefined();
    await sealer.stop();
    const [first] = await seals();
    expect(logged()).toEqual({ message: 'audit log sealed', position: 1, hash: first?.hash });
  });
});

describe('the verification', () => {
  let owner: postgres.Sql;
  let head: ChainPoint;
  beforeAll(() => {
    owner = postgres(database.url, { max: 1, onnotice: () => undefined });
  });
  afterAll(() => owner.end());
  beforeEach(async () => {
    await addEntries(8);
    await sealUpTo(8);
    ({ head } = await verify());
  });
  const brokenAt = (position: number, sentence: RegExp) => ({
    status: 'broken',
    firstBroken: { position, sentence: expect.stringMatching(sentence) },
  });

  it('reports an unchanged chain as intact, for the anchor of its head and for earlier anchors', async () => {
    const [, third] = await db
      .select()
      .from(auditSeals)
      .where(sql`position in (2, 3)`)
      .orderBy(asc(auditSeals.position));
    expect(await verify(head)).toMatchObject({ status: 'intact', firstBroken: null });
    expect(await verify({ position: 3, hash: third?.hash ?? '' })).toMatchObject({ status: 'intact' });
  });

  it.each([
    ['subject', "subject = 'somebody-else'"],
    ['time', "at = at + interval '1 millisecond'"],
    ['outcome', "outcome = 'ignored', code = 'x'"],
    ['resource', "resource = 'order-99'"],
  ])('detects an entry whose %s was changed by the owner of the database', async (_column, change) => {
    await owner.unsafe(`update audit_log set ${change} where id = 4`);
    expect(await verify()).toMatchObject(brokenAt(4, /differs from the sealed entry/));
  });

  it('detects a deleted entry, with or without its seal', async () => {
    await owner`delete from audit_log where id = 7`;
    expect(await verify()).toMatchObject({ ...brokenAt(7, /entry .* is missing/), entries: 7 });
    await owner`delete from audit_seals where entry_id = 7`;
    expect(await verify()).toMatchObject(brokenAt(7, /seal at position 7 is missing/));
  });

  it('detects two swapped entries', async () => {
    await owner.begin(async (tx) => {
      await tx`update audit_seals set entry_id = -1 where position = 2`;
      await tx`update audit_seals set entry_id = 2 where position = 6`;
      await tx`update audit_seals set entry_id = 6 where position = 2`;
    });
    expect(await verify()).toMatchObject(brokenAt(2, /differs from the sealed entry/));
  });

  it('needs an anchor to detect that the chain was truncated', async () => {
    await owner`delete from audit_seals where position > 6`;
    await owner`delete from audit_log where id > 6`;
    expect(await verify()).toMatchObject({
      status: 'intact',
      entries: 6,
      unsealed: 0,
      head: { position: 6 },
    });
    expect(await verify(head)).toMatchObject(brokenAt(8, /ends before position 8/));
  });

  it('needs an anchor to detect that the last entries were changed and sealed again', async () => {
    await owner`delete from audit_seals where position > 6`;
    await owner`update audit_log set subject = 'somebody-else' where id = 7`;
    await sealUpTo(8);
    expect(await verify()).toMatchObject({ status: 'intact', entries: 8, unsealed: 0 });
    expect(await verify(head)).toMatchObject(brokenAt(8, /differs from the hash of the anchor/));
  });

  it('reports an entry that was inserted among older entries as unsealed; later entries are still sealed', async () => {
    await owner`insert into audit_log (transaction, at, subject, roles, action, outcome, correlation_id, request_id)
      values ('1'::xid8, now(), 's', '{}', 'a', 'accepted', 'c', 'r')`;
    await addEntries(1);
    await sealUpTo(9);
    expect(await verify()).toMatchObject({ status: 'intact', entries: 10, unsealed: 1 });
  });

  it('detects that the last sealed entry was deleted; later entries are still sealed', async () => {
    await owner`delete from audit_log where id = 8`;
    await addEntries(2);
    await sealUpTo(10);
    expect(await verify()).toMatchObject(brokenAt(8, /is missing/));
  });
});

describe('the HTTP API', () => {
  let app: App;
  let principal: Principal | undefined;
  let respond: () => Response | Promise<Response>;
  beforeEach(() => {
    principal = { subject: 'customer-1', email: undefined, roles: ['USER'] };
    respond = () => new Response(null, { status: 204 });
    app = build(db);
  });
  const build = (auditDatabase: Database): App => {
    const authenticate = () => Promise.resolve(principal ?? Promise.reject(problem('unauthenticated')));
    const built = createApp({ logger, title: 'test', guards: createGuards(undefined, authenticate) });
    built.use('/api/*', recordRefusals(auditDatabase));
    registerAuditRoutes(built, auditDatabase);
    // The routes of this test have no entry in the permission table, so the test sets the caller itself.
    built.use('/api/*', async (c, next) => {
      c.set('principal', principal);
      await next();
    });
    built.post('/api/things', () => respond());
    built.on(['GET', 'POST'], '/api/things/:id/turn', () => respond());
    built.post('/api/named/:id', async (c) => {
      c.set('action', 'orders.cancel');
      return respond();
    });
    built.post('/api/handled/:id', async (c) => {
      const { input } = message(accepted('done', fulfilled('order-1')));
      await handle(
        shell,
        decideAsGiven,
        { id: 'm', at: actionTime, input, context: messageContextOf(c) },
        unclaimed,
      );
      return c.body(null, 204);
    });
    return built;
  };
  const post = (path: string, headers: Record<string, string> = {}) =>
    app.request(path, { method: 'POST', headers });
  const refuse = (code: Parameters<typeof problem>[0]) => () => {
    throw problem(code);
  };

  it('records a refusal with subject, action, resource and code', async () => {
    respond = refuse('conflict');
    const headers = { 'x-correlation-id': 'correlation-9', authorization: 'Bearer secret' };
    const response = await post('/api/things/thing-1/turn', headers);
    expect(response.status).toBe(409);
    const found = await entries();
    expect(found).toMatchObject([
      {
        subject: 'customer-1',
        roles: ['USER'],
        action: 'POST /api/things/:id/turn',
        resource: 'thing-1',
        outcome: 'refused',
        status: 409,
        code: 'conflict',
        correlationId: 'correlation-9',
      },
    ]);
    expect(JSON.stringify(found)).not.toContain('secret');
  });

  it.each([
    ['bad_request', 400],
    ['forbidden', 403],
    ['not_found', 404],
    ['precondition_failed', 412],
    ['schema_violation', 422],
  ] as const)('records a refusal with the code %s', async (code, status) => {
    respond = refuse(code);
    expect((await post('/api/things')).status).toBe(status);
    expect(await entries()).toMatchObject([{ outcome: 'refused', status, code, resource: null }]);
  });

  it('records the name of the action if the route has one', async () => {
    respond = refuse('forbidden');
    await post('/api/named/thing-1');
    await post('/api/handled/thing-2');
    expect(await entries()).toMatchObject([
      { action: 'orders.cancel', resource: 'thing-1', outcome: 'refused' },
      { action: 'POST /api/handled/:id', resource: 'thing-2', outcome: 'accepted' },
    ]);
  });

  it('records the requested id even if it contains a NUL character, and cuts it after 200 characters', async () => {
    respond = refuse('not_found');
    expect((await post('/api/things/a%00b/turn')).status).toBe(404);
    expect((await post(`/api/things/${'x'.repeat(5_000)}/turn`)).status).toBe(404);
    expect((await entries()).map(({ resource }) => resource?.length)).toEqual([3, 200]);
  });

  it('records no refused reads, unknown paths, anonymous callers or server errors, and leaves successes to `handle`', async () => {
    await post('/api/things');
    respond = refuse('forbidden');
    await app.request('/api/things/thing-1/turn');
    await post('/api/nowhere');
    respond = refuse('unavailable');
    await post('/api/things');
    principal = undefined;
    respond = refuse('unauthenticated');
    expect((await post('/api/things')).status).toBe(401);
    expect(await entries()).toEqual([]);
  });

  it('records the first of many 429 refusals per person', async () => {
    respond = refuse('too_many_requests');
    for (let index = 0; index < 5; index += 1) expect((await post('/api/things')).status).toBe(429);
    principal = { subject: 'customer-2', email: undefined, roles: ['USER'] };
    await post('/api/things');
    expect((await entries()).map(({ subject }) => subject)).toEqual(['customer-1', 'customer-2']);
  });

  it('records the next 429 refusal of a person when the first could not be recorded', async () => {
    respond = refuse('too_many_requests');
    await db.execute(sql`alter table audit_log rename to missing`);
    expect((await post('/api/things')).status).toBe(503);
    await db.execute(sql`alter table missing rename to audit_log`);
    expect((await post('/api/things')).status).toBe(429);
    expect(await entries()).toHaveLength(1);
  });

  it('responds with 503 if the refusal cannot be recorded: otherwise a caller could probe permissions without an entry', async () => {
    const closedConnection = connectDatabase(database.url, 'test');
    await closedConnection.close();
    app = build(closedConnection.db);
    respond = refuse('forbidden');
    const response = await post('/api/things');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({ code: 'unavailable' });
  });

  const pageShape = z.object({
    data: z.array(z.looseObject({ resource: z.string(), position: z.number().nullable() })),
    nextCursor: z.string().nullable(),
  });
  const list = async (query: string) => {
    const response = await app.request(`/api/v1/audit?${query}`);
    expect(response.status).toBe(200);
    return pageShape.parse(await response.json());
  };
  const resources = async (query: string) => (await list(query)).data.map(({ resource }) => resource);

  it('lists the entries for administrators, newest first, filtered by subject, action, outcome and time, in pages', async () => {
    const minutes = (count: number) => new Date(actionTime.getTime() + count * 60_000);
    const record = (resource: string, more: Partial<PersonsAction>, when: Date) =>
      recordAction(db, action({ resource, ...more }), { outcome: 'accepted' }, when);
    await record('a', {}, minutes(1));
    await record('b', { subject: 'customer-2' }, minutes(2));
    await record('c', { name: 'orders.place' }, minutes(3));
    // Two entries have the same time. The last entry has an earlier time than the entry before it.
    await record('d', {}, minutes(4));
    await record('e', {}, minutes(4));
    await recordAction(
      db,
      action({ resource: 'f' }),
      { outcome: 'refused', status: 404, code: 'x' },
      minutes(0),
    );
    await sealUpTo(6);
    principal = { subject: 'admin-1', email: undefined, roles: ['ADMIN'] };

    expect(await resources('')).toEqual(['e', 'd', 'c', 'b', 'a', 'f']);
    expect(await resources('subject=customer-2')).toEqual(['b']);
    expect(await resources('action=orders.place')).toEqual(['c']);
    expect(await resources('outcome=refused')).toEqual(['f']);
    const range = `from=${minutes(1).toISOString()}&to=${minutes(3).toISOString()}`;
    expect(await resources(range)).toEqual(['b', 'a']);

    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: z.infer<typeof pageShape> = await list(`limit=1${cursor && `&cursor=${cursor}`}`);
      seen.push(...page.data.map(({ resource }) => resource));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(['e', 'd', 'c', 'b', 'a', 'f']);
    expect((await list('limit=1')).data).toMatchObject([{ position: 5, at: minutes(4).toISOString() }]);
  });

  it('verifies the chain for administrators, with and without an anchor', async () => {
    await addEntries(2);
    await sealUpTo(2);
    principal = { subject: 'admin-1', email: undefined, roles: ['ADMIN'] };
    const verification = async (query = '') => {
      const response = await app.request(`/api/v1/audit/verification${query}`);
      return { status: response.status, body: z.looseObject({}).parse(await response.json()) };
    };
    const [, second] = await seals();
    const head = { position: 2, hash: second?.hash };
    expect(await verification()).toEqual({
      status: 200,
      body: { status: 'intact', entries: 2, unsealed: 0, head, firstBroken: null },
    });
    expect((await verification(`?position=2&hash=${head.hash ?? ''}`)).body).toMatchObject({
      status: 'intact',
    });
    expect((await verification(`?position=3&hash=${chainStart.hash}`)).body).toMatchObject({
      status: 'broken',
    });
    expect((await verification('?position=3')).status).toBe(422);
  });

  it('responds with 403 to callers who are not administrators, and with 422 to an invalid query', async () => {
    expect((await app.request('/api/v1/audit')).status).toBe(403);
    expect((await app.request('/api/v1/audit/verification')).status).toBe(403);
    principal = { subject: 'admin-1', email: undefined, roles: ['ADMIN'] };
    for (const query of ['cursor=nonsense', 'limit=0', 'limit=101', 'outcome=maybe', 'from=yesterday'])
      expect((await app.request(`/api/v1/audit?${query}`)).status).toBe(422);
  });
});
