// The dead-letter API on a real database: a replay takes effect once, and each attempt is recorded in the audit log, except during an
// outage.
import { randomUUID } from 'node:crypto';
import { asc, eq, sql } from 'drizzle-orm';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  auditLog,
  deadLetters,
  idempotencyKeys,
  outbox,
  processedEvents,
} from '../../drizzle/messaging/schema.ts';
import type { DomainEvent } from '../../schemas/generated/events.ts';
import { useTestShell } from '../support/database.ts';
import { recordingLogger } from '../support/recording-logger.ts';
import { recordRefusals } from '../../services/platform/http/routes/audit-http.ts';
import type { Incoming } from '../../services/platform/messaging/consumer.ts';
import { accepted } from '../../services/platform/transaction/decision/decision.ts';
import { keepDeadLetter } from '../../services/platform/messaging/dead-letters.ts';
import { deadLetterProblems } from '../../services/platform/http/routes/dead-letters-api.ts';
import { registerDeadLetterRoutes } from '../../services/platform/http/routes/dead-letters-http.ts';
import { createDispatch } from '../../services/platform/messaging/dispatch.ts';
import { Rejected, type CommandHandler } from '../../services/platform/transaction/handle.ts';
import { createGuards } from '../../services/platform/http/limits/guards.ts';
import { createApp } from '../../services/platform/http/server/app.ts';
import type { Role } from '../../services/platform/http/endpoint/permissions.ts';
import type { App } from '../../services/platform/http/server/request-context.ts';
import { standardProblems } from '../../services/platform/http/endpoint/problem.ts';
import { handledBy } from '../../services/platform/messaging/subscription.ts';
import { DependencyUnavailable } from '../../services/platform/database/transient.ts';

const { logger, lines } = recordingLogger();
const consumer = 'replay-group';
const { database, shell } = useTestShell('order', [
  'inventory.committed',
  'order.fulfilled',
  'order.created',
]);
let app: App;
let roles: Role[];
/** Runs before the transaction of the handler. */
let beforeHandling: () => Promise<void>;

/** Emits one event for each handled event, so that the test can count the effects. */
const echo: CommandHandler<string, null> = {
  load: () => Promise.resolve(null),
  decide: (orderId) => accepted(null, { type: 'order.fulfilled', data: { orderId, customerId: 'c' } }),
  save: () => [],
};

beforeAll(async () => {
  const { db, codec } = shell;
  const handler = handledBy(shell, echo, ({ event }: Incoming<'inventory.committed'>) => event.data.orderId);
  const dispatch = createDispatch(codec, {
    'inventory.committed': async (incoming) => {
      await beforeHandling();
      return handler(incoming);
    },
  });
  const authenticate = () => Promise.resolve({ subject: 'admin-1', email: undefined, roles });
  app = createApp({
    logger,
    title: 'test',
    problems: { ...standardProblems, ...deadLetterProblems },
    guards: createGuards(undefined, authenticate),
  });
  app.use('/api/*', recordRefusals(db));
  registerDeadLetterRoutes(app, { db, codec, dispatch, logger });
});
beforeEach(async () => {
  roles = ['ADMIN'];
  beforeHandling = () => Promise.resolve();
  lines.length = 0;
  await database.db.execute(
    sql`truncate dead_letters, processed_events, duplicate_deliveries, outbox, audit_log, idempotency_keys`,
  );
});

let nextOffset = 0n;
interface Failure {
  readonly event?: DomainEvent;
  readonly value?: Buffer;
  readonly error?: Error;
}
const inventoryCommitted = (orderId: string): DomainEvent => ({
  type: 'inventory.committed',
  data: { orderId, items: [] },
});

/** Stores a dead letter as the consumer does, and returns its id. */
const storeDeadLetter = async ({
  event = inventoryCommitted(randomUUID()),
  value,
  error,
}: Failure = {}): Promise<string> => {
  const eventId = randomUUID();
  const metadata = { eventId, correlationId: 'c', causationId: 'c', occurredAt: new Date() };
  const offset = (nextOffset += 1n);
  await keepDeadLetter(database.db, {
    consumer,
    record: {
      topic: 'inventory-events',
      partition: 0,
      offset,
      key: 'key',
      value: value ?? shell.codec.encode(event, metadata).payload,
      headers: { id: eventId, eventType: event.type },
      timestamp: new Date('2026-01-01T00:00:00Z'),
    },
    error: error ?? new Rejected('impossible', 'It cannot be.'),
    attempts: 1,
    at: new Date(),
  });
  const [row] = await database.db.select().from(deadLetters).where(eq(deadLetters.offset, offset));
  return row?.id ?? '';
};
const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
  const response = await app.request(`/api/v1/dead-letters${path}`, {
    method,
    ...(body === undefined
      ? { headers }
      : { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } }),
  });
  return { status: response.status, body: z.looseObject({}).parse(await response.json()) };
};
const deadLetter = async (id: string) =>
  (await database.db.select().from(deadLetters).where(eq(deadLetters.id, id)))[0];
const effects = async () => (await database.db.select().from(outbox)).length;
/** The action, resource, outcome and code of each entry of the audit log. */
const auditEntries = async () => {
  const entries = await database.db.select().from(auditLog).orderBy(asc(auditLog.id));
  return entries.map(({ subject, action, resource, outcome, code }) => {
    expect(subject).toBe('admin-1');
    return [action, resource, outcome, code];
  });
};
const claims = () => database.db.select().from(processedEvents);

describe('replaying a dead letter', () => {
  it('handles and claims its event as the consumer would', async () => {
    const id = await storeDeadLetter();
    expect(await call('POST', `/${id}/replay`)).toEqual({ status: 200, body: { id, outcome: 'accepted' } });
    expect(await deadLetter(id)).toMatchObject({ state: 'replayed', replays: 1, settledBy: 'admin-1' });
    expect(await effects()).toBe(1);
    expect(await claims()).toMatchObject([
      { consumer, topic: 'inventory-events', publishedAt: new Date('2026-01-01T00:00:00Z') },
    ]);
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: 'dead letter replayed: accepted',
        actor: 'admin-1',
        deadLetterId: id,
      }),
    );
  });

  it('a second time changes nothing', async () => {
    const id = await storeDeadLetter();
    await call('POST', `/${id}/replay`);
    expect(await call('POST', `/${id}/replay`)).toEqual({ status: 200, body: { id, outcome: 'duplicate' } });
    expect([await effects(), (await deadLetter(id))?.replays]).toEqual([1, 1]);
  });

  it('many times at once has one effect', async () => {
    const id = await storeDeadLetter();
    const inside = Promise.withResolvers<undefined>();
    let waitingReplays = 0;
    // All replays have read the dead letter before the first replay begins its transaction.
    beforeHandling = async () => {
      waitingReplays += 1;
      if (waitingReplays === 6) inside.resolve(undefined);
      await inside.promise;
    };
    const answers = await Promise.all(Array.from({ length: 6 }, () => call('POST', `/${id}/replay`)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(answers.map(({ body }) => body['outcome']).sort()).toEqual([
      'accepted',
      ...Array.from({ length: 5 }, () => 'duplicate'),
    ]);
    expect([await effects(), (await deadLetter(id))?.replays]).toEqual([1, 1]);
  });

  it('is a duplicate if the event has been handled since; the dead letter then counts as replayed', async () => {
    const id = await storeDeadLetter();
    const row = await deadLetter(id);
    await database.db.insert(processedEvents).values({
      consumer,
      eventId: row?.eventId ?? '',
      eventType: 'inventory.committed',
      topic: 'inventory-events',
      partition: 0,
      offset: 99n,
      publishedAt: new Date(),
      processedAt: new Date(),
      outcome: 'accepted',
    });
    expect(await call('POST', `/${id}/replay`)).toMatchObject({ body: { outcome: 'duplicate' } });
    expect([await effects(), (await deadLetter(id))?.state]).toEqual([0, 'replayed']);
  });

  it('leaves the dead letter open and counts the attempt if the replay fails', async () => {
    const id = await storeDeadLetter();
    beforeHandling = () => Promise.reject(new Rejected('still_impossible', 'It still cannot be.'));
    expect(await call('POST', `/${id}/replay`)).toMatchObject({
      status: 409,
      body: { code: 'replay_failed', detail: 'It still cannot be.' },
    });
    expect(await deadLetter(id)).toMatchObject({ state: 'parked', replays: 1, settledAt: null });
    expect((await deadLetter(id))?.replayError).toContain('It still cannot be.');
    expect([await effects(), (await claims()).length]).toEqual([0, 0]);

    beforeHandling = () => Promise.resolve();
    expect(await call('POST', `/${id}/replay`)).toMatchObject({ status: 200 });
    expect(await deadLetter(id)).toMatchObject({ state: 'replayed', replays: 2 });
  });

  it('rolls back state and effects together if the replay fails inside the transaction', async () => {
    const id = await storeDeadLetter();
    await database.db.execute(sql`alter table outbox add constraint broken check (false) not valid`);
    try {
      expect(await call('POST', `/${id}/replay`)).toMatchObject({ status: 409 });
    } finally {
      await database.db.execute(sql`alter table outbox drop constraint broken`);
    }
    expect(await deadLetter(id)).toMatchObject({ state: 'parked', replays: 1 });
    expect((await claims()).length).toBe(0);
  });

  it('gets 503 while a dependency is unavailable', async () => {
    const id = await storeDeadLetter();
    beforeHandling = () => Promise.reject(new DependencyUnavailable('down'));
    expect(await call('POST', `/${id}/replay`)).toMatchObject({
      status: 503,
      body: { code: 'unavailable' },
    });
    expect((await deadLetter(id))?.state).toBe('parked');
  });

  it('of an event type without a subscription has no effect; the dead letter then counts as replayed', async () => {
    const id = await storeDeadLetter({
      event: { type: 'order.fulfilled', data: { orderId: 'o', customerId: 'c' } },
    });
    expect(await call('POST', `/${id}/replay`)).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
    expect([await effects(), (await deadLetter(id))?.state]).toEqual([0, 'replayed']);
  });

  it('of a record that is not an event always fails', async () => {
    const id = await storeDeadLetter({ value: Buffer.from('rubbish') });
    expect(await call('POST', `/${id}/replay`)).toMatchObject({ status: 409 });
    expect((await deadLetter(id))?.state).toBe('parked');
  });
});

describe('replaying a group', () => {
  it('replays the open dead letters of the group up to the limit, and none of other groups', async () => {
    const ids = [await storeDeadLetter(), await storeDeadLetter(), await storeDeadLetter()];
    const other = await storeDeadLetter({ error: new TypeError('another') });
    const fingerprint = 'Rejected|impossible|inventory.committed';
    const answer = await call('POST', '/replay', { fingerprint, limit: 2 });
    expect(answer).toMatchObject({ status: 200, body: { replayed: 2, failed: 0, remaining: 1 } });
    expect(z.array(z.looseObject({})).parse(answer.body['results'])).toMatchObject([
      { id: ids[0], outcome: 'accepted' },
      { id: ids[1], outcome: 'accepted' },
    ]);
    expect([(await deadLetter(ids[2] ?? ''))?.state, (await deadLetter(other))?.state]).toEqual([
      'parked',
      'parked',
    ]);
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'dead letters of a group replayed', actor: 'admin-1', fingerprint }),
    );
  });

  it('is not blocked by dead letters that fail again', async () => {
    const [bad, good] = [await storeDeadLetter({ value: Buffer.from('rubbish') }), await storeDeadLetter()];
    const group = { fingerprint: 'Rejected|impossible|inventory.committed', limit: 1 };
    expect(await call('POST', '/replay', group)).toMatchObject({
      body: { failed: 1, remaining: 2, endedEarly: false },
    });
    expect(await call('POST', '/replay', group)).toMatchObject({ body: { replayed: 1, remaining: 1 } });
    expect([(await deadLetter(bad))?.state, (await deadLetter(good))?.state]).toEqual(['parked', 'replayed']);
  });

  it('stops at the first dead letter that fails because of an outage', async () => {
    await storeDeadLetter();
    await storeDeadLetter();
    beforeHandling = () => Promise.reject(new DependencyUnavailable('down'));
    const group = { fingerprint: 'Rejected|impossible|inventory.committed' };
    expect(await call('POST', '/replay', group)).toMatchObject({
      body: { replayed: 0, failed: 1, remaining: 2, endedEarly: true },
    });
  });
});

describe('the dead-letter API', () => {
  const settle: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
    parked: () => Promise.resolve(),
    replayed: (id) => call('POST', `/${id}/replay`),
    archived: (id) => call('POST', `/${id}/archive`, { reason: 'Not wanted' }),
  };
  const answers: readonly (readonly [command: string, state: string, answer: string])[] = [
    ['replay', 'parked', '200 accepted'],
    ['replay', 'replayed', '200 duplicate'],
    ['replay', 'archived', '409 dead_letter_archived'],
    ['archive', 'parked', '200 archived'],
    ['archive', 'replayed', '409 dead_letter_replayed'],
    ['archive', 'archived', '409 dead_letter_archived'],
  ];
  it.each(answers)(
    'responds to the command %s for a %s dead letter with %s, and to every role except ADMIN with 403',
    async (command, state, answer) => {
      const id = await storeDeadLetter();
      await settle[state]?.(id);
      const run = () =>
        call('POST', `/${id}/${command}`, command === 'archive' ? { reason: 'A test' } : undefined);
      for (const role of ['USER', 'SELLER'] as const) {
        roles = [role];
        expect(await run()).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      }
      roles = ['ADMIN'];
      const { status, body } = await run();
      expect(`${status} ${String(body['code'] ?? body['outcome'] ?? body['state'])}`).toBe(answer);
    },
  );
});

describe('a repeated request with the same Idempotency-Key gets the first response', () => {
  const key = { 'idempotency-key': 'a-key' };

  it('of a replay', async () => {
    const id = await storeDeadLetter();
    const first = await call('POST', `/${id}/replay`, undefined, key);
    expect(first).toMatchObject({ status: 200, body: { outcome: 'accepted' } });
    expect(await call('POST', `/${id}/replay`, undefined, key)).toEqual(first);
    expect(await auditEntries()).toHaveLength(1);
  });

  it('of the replay of a group, and replays no more dead letters of the group', async () => {
    for (let stored = 0; stored < 3; stored += 1) await storeDeadLetter();
    const group = { fingerprint: 'Rejected|impossible|inventory.committed', limit: 1 };
    const first = await call('POST', '/replay', group, key);
    expect(await call('POST', '/replay', group, key)).toEqual(first);
    expect(await effects()).toBe(1);
    expect(await call('POST', '/replay', { ...group, limit: 2 }, key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect(await call('POST', '/replay', group, { 'idempotency-key': 'another' })).toMatchObject({
      body: { replayed: 1, remaining: 1 },
    });
  });

  it('of an archive command, and not the refusal of a second archive command', async () => {
    const id = await storeDeadLetter();
    const first = await call('POST', `/${id}/archive`, { reason: 'Not wanted' }, key);
    expect(first.status).toBe(200);
    expect(await call('POST', `/${id}/archive`, { reason: 'Not wanted' }, key)).toEqual(first);
    expect(await auditEntries()).toHaveLength(1);
  });

  it('once the first response exists; until then a repetition is refused', async () => {
    const id = await storeDeadLetter();
    const [inside, release] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    beforeHandling = async () => {
      inside.resolve(undefined);
      await release.promise;
    };
    const first = call('POST', `/${id}/replay`, undefined, key);
    await inside.promise;
    const early = await call('POST', `/${id}/replay`, undefined, key);
    release.resolve(undefined);
    expect(early).toMatchObject({ status: 409, body: { code: 'idempotency_key_in_flight' } });
    const answer = await first;
    expect(await call('POST', `/${id}/replay`, undefined, key)).toEqual(answer);
  });

  it('and a request whose process was killed can be repeated after ten minutes', async () => {
    const id = await storeDeadLetter();
    await call('POST', `/${id}/replay`, undefined, key);
    const leasedFor = async (minutes: number) => {
      const createdAt = new Date(Date.now() - minutes * 60_000);
      await database.db.update(idempotencyKeys).set({ status: 0, createdAt });
      return call('POST', `/${id}/replay`, undefined, key);
    };
    expect(await leasedFor(9)).toMatchObject({ status: 409, body: { code: 'idempotency_key_in_flight' } });
    expect(await leasedFor(11)).toMatchObject({ status: 200, body: { outcome: 'duplicate' } });
  });

  it('and a request that ends after another one took over its key does not store its response', async () => {
    const id = await storeDeadLetter();
    const releases: (() => void)[] = [];
    const startReplay = async () => {
      const inside = Promise.withResolvers<undefined>();
      beforeHandling = () => {
        inside.resolve(undefined);
        return new Promise((resolve) => releases.push(() => resolve(undefined)));
      };
      const response = call('POST', `/${id}/replay`, undefined, key);
      await inside.promise;
      return response;
    };
    const first = startReplay();
    await expect.poll(() => releases.length).toBe(1);
    await database.db.update(idempotencyKeys).set({ createdAt: new Date(Date.now() - 11 * 60_000) });
    const second = startReplay();
    await expect.poll(() => releases.length).toBe(2);
    releases[0]?.();
    expect(await first).toMatchObject({ status: 200 });
    expect(await call('POST', `/${id}/replay`, undefined, key)).toMatchObject({ status: 409 });
    releases[1]?.();
    const answer = await second;
    beforeHandling = () => Promise.resolve();
    expect(await call('POST', `/${id}/replay`, undefined, key)).toEqual(answer);
  });

  it('but a request that failed leaves the key unused', async () => {
    const id = await storeDeadLetter();
    beforeHandling = () => Promise.reject(new DependencyUnavailable('down'));
    expect(await call('POST', `/${id}/replay`, undefined, key)).toMatchObject({ status: 503 });
    beforeHandling = () => Promise.resolve();
    expect(await call('POST', `/${id}/replay`, undefined, key)).toMatchObject({
      body: { outcome: 'accepted' },
    });
  });
});

describe('archiving a dead letter', () => {
  it('stores the reason and the person; the dead letter can no longer be replayed', async () => {
    const id = await storeDeadLetter();
    expect(await call('POST', `/${id}/archive`, { reason: 'A test record' })).toMatchObject({
      status: 200,
      body: { state: 'archived', archiveReason: 'A test record', settledBy: 'admin-1' },
    });
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'dead letter archived', actor: 'admin-1', deadLetterId: id }),
    );
    for (const [path, body] of [['archive', { reason: 'again' }], ['replay']] as const) {
      expect(await call('POST', `/${id}/${path}`, body)).toMatchObject({
        status: 409,
        body: { code: 'dead_letter_archived' },
      });
    }
    const group = { fingerprint: 'Rejected|impossible|inventory.committed' };
    expect(await call('POST', '/replay', group)).toMatchObject({ body: { replayed: 0, remaining: 0 } });
    expect(await effects()).toBe(0);
  });

  it('takes effect even while the dead letter is being replayed; that replay is then a duplicate and has no effect', async () => {
    const id = await storeDeadLetter();
    const inside = Promise.withResolvers<undefined>();
    const release = Promise.withResolvers<undefined>();
    beforeHandling = async () => {
      inside.resolve(undefined);
      await release.promise;
    };
    const replaying = call('POST', `/${id}/replay`);
    await inside.promise;
    expect(await call('POST', `/${id}/archive`, { reason: 'Not wanted' })).toMatchObject({ status: 200 });
    release.resolve(undefined);
    expect(await replaying).toMatchObject({ body: { outcome: 'duplicate' } });
    expect([await effects(), (await deadLetter(id))?.state]).toEqual([0, 'archived']);
    expect((await claims()).length).toBe(0);
  });

  it('after a replay gets 409; without a reason gets 422', async () => {
    const id = await storeDeadLetter();
    expect(await call('POST', `/${id}/archive`, { reason: ' ' })).toMatchObject({ status: 422 });
    await call('POST', `/${id}/replay`);
    expect(await call('POST', `/${id}/archive`, { reason: 'late' })).toMatchObject({
      status: 409,
      body: { code: 'dead_letter_replayed' },
    });
  });
});

describe('the read API for dead letters', () => {
  it('lists dead letters page by page, newest first, filtered by state and fingerprint', async () => {
    const ids = [
      await storeDeadLetter(),
      await storeDeadLetter(),
      await storeDeadLetter(),
      await storeDeadLetter({ error: new TypeError('x') }),
    ];
    await call('POST', `/${ids[0] ?? ''}/archive`, { reason: 'done' });
    const query = `state=parked&fingerprint=${encodeURIComponent('Rejected|impossible|inventory.committed')}`;
    const first = await call('GET', `?${query}&limit=1`);
    expect(first).toMatchObject({ status: 200, body: { data: [{ id: ids[2] }] } });
    const second = await call('GET', `?${query}&limit=1&cursor=${String(first.body['nextCursor'])}`);
    expect(second.body).toMatchObject({ data: [{ id: ids[1] }], nextCursor: null });
    expect(await call('GET', '?cursor=nonsense')).toMatchObject({ status: 422 });
    expect(await call('GET', '?state=lost')).toMatchObject({ status: 422 });
  });

  it('groups the open dead letters by fingerprint', async () => {
    const ids = [
      await storeDeadLetter(),
      await storeDeadLetter(),
      await storeDeadLetter({ error: new TypeError('a defect') }),
    ];
    await storeDeadLetter().then((id) => call('POST', `/${id}/archive`, { reason: 'done' }));
    expect(await call('GET', '/groups')).toMatchObject({
      status: 200,
      body: {
        data: [
          { fingerprint: 'Rejected|impossible|inventory.committed', count: 2, sampleId: ids[1] },
          {
            fingerprint: 'TypeError||inventory.committed',
            count: 1,
            sampleError: 'TypeError: a defect',
          },
        ],
      },
    });
  });

  it('shows the event, or the bytes of a record that cannot be decoded, without card tokens', async () => {
    const value = Buffer.from('rubbish');
    const withToken = await storeDeadLetter({ value: Buffer.from('rubbish with tok_secret in it') });
    const [good, bad] = [
      await storeDeadLetter({ event: inventoryCommitted('order-7') }),
      await storeDeadLetter({ value }),
    ];
    expect((await call('GET', `/${good}`)).body).toMatchObject({
      event: { type: 'inventory.committed', data: { orderId: 'order-7' } },
      undecodable: null,
      valueBase64: null,
      headers: { eventType: 'inventory.committed' },
    });
    expect((await call('GET', `/${bad}`)).body).toMatchObject({
      event: null,
      valueBase64: value.toString('base64'),
      undecodable: 'not in Confluent framing (7 bytes)',
    });
    const { valueBase64 } = Object((await call('GET', `/${withToken}`)).body);
    expect(Buffer.from(valueBase64, 'base64').toString()).toBe('rubbish with [redacted] in it');
    expect(await call('GET', `/${randomUUID()}`)).toMatchObject({ status: 404 });
    expect(await call('GET', '/nothing')).toMatchObject({ status: 404 });
  });

  it('is allowed to administrators only, and so are the commands', async () => {
    const id = await storeDeadLetter();
    roles = ['SELLER', 'USER'];
    for (const [method, path, body] of [
      ['GET', ''],
      ['GET', '/groups'],
      ['GET', `/${id}`],
      ['POST', `/${id}/replay`],
      ['POST', '/replay', { fingerprint: 'x' }],
      ['POST', `/${id}/archive`, { reason: 'x' }],
    ] as const)
      expect(await call(method, path, body)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect((await deadLetter(id))?.state).toBe('parked');
  });
});

describe('the audit log', () => {
  it('records a replay as accepted and its repetition as ignored', async () => {
    const id = await storeDeadLetter();
    await call('POST', `/${id}/replay`);
    await call('POST', `/${id}/replay`);
    expect(await auditEntries()).toEqual([
      ['dead-letters.replay', id, 'accepted', null],
      ['dead-letters.replay', id, 'ignored', 'already_settled'],
    ]);
  });

  it('has one accepted entry for many concurrent replays', async () => {
    const id = await storeDeadLetter();
    await Promise.all(Array.from({ length: 6 }, () => call('POST', `/${id}/replay`)));
    const outcomes = (await auditEntries()).map(([, , outcome]) => outcome).sort();
    expect(outcomes).toEqual(['accepted', ...Array.from({ length: 5 }, () => 'ignored')]);
  });

  it('records a failed replay as refused, and does not record a replay during an outage', async () => {
    const id = await storeDeadLetter();
    beforeHandling = () => Promise.reject(new DependencyUnavailable('down'));
    await call('POST', `/${id}/replay`);
    beforeHandling = () => Promise.reject(new Rejected('still_impossible', 'It still cannot be.'));
    await call('POST', `/${id}/replay`);
    expect(await auditEntries()).toEqual([['dead-letters.replay', id, 'refused', 'replay_failed']]);
  });

  it('has an entry for every dead letter of a group, including failed ones, and an entry for an empty group', async () => {
    const [bad, good] = [await storeDeadLetter({ value: Buffer.from('rubbish') }), await storeDeadLetter()];
    await call('POST', '/replay', { fingerprint: 'Rejected|impossible|inventory.committed' });
    await call('POST', '/replay', { fingerprint: 'nothing like it' });
    expect(await auditEntries()).toEqual([
      ['dead-letters.replay-group', bad, 'refused', 'replay_failed'],
      ['dead-letters.replay-group', good, 'accepted', null],
      ['dead-letters.replay-group', null, 'ignored', 'nothing_parked'],
    ]);
  });

  it('records archived dead letters and refused attempts to archive', async () => {
    const id = await storeDeadLetter();
    await call('POST', `/${id}/archive`, { reason: 'A test record' });
    await call('POST', `/${id}/archive`, { reason: 'again' });
    await call('POST', `/${id}/archive`, { reason: ' ' });
    roles = ['SELLER'];
    await call('POST', `/${id}/archive`, { reason: 'mine' });
    expect(await auditEntries()).toEqual([
      ['dead-letters.archive', id, 'accepted', null],
      ['dead-letters.archive', id, 'refused', 'dead_letter_archived'],
      ['dead-letters.archive', id, 'refused', 'schema_violation'],
      ['dead-letters.archive', id, 'refused', 'forbidden'],
    ]);
  });
});
