// Retention on a real database, with a replication slot that only the tests advance. Which rows the slot still needs depends on all
// transactions of the PostgreSQL server, so this file does not run at the same time as other tests.
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deadLetters, idempotencyKeys, outbox, processedEvents } from '../../drizzle/messaging/schema.ts';
import { useTestDatabase } from '../support/database.ts';
import { createLogger } from '../../services/platform/process/logger.ts';
import {
  runRetention,
  type RetentionOptions,
  type RetentionReport,
} from '../../services/platform/database/retention.ts';

const logger = createLogger({ service: 'test', level: 'error' });
const slot = `test_${randomUUID().slice(0, 8)}`;
const config = {
  outboxRetentionDays: 7,
  inboxRetentionDays: 30,
  deadLetterRetentionDays: 30,
  idempotencyKeyHours: 24,
  retentionSeconds: 600,
  outboxSlot: undefined,
};
const hour = 3_600_000;
const day = 24 * hour;
const ago = (ms: number): Date => new Date(Date.now() - ms);
const neverAborted = new AbortController().signal;
const database = useTestDatabase('order');

beforeEach(async () => {
  await database.db.execute(
    sql`truncate outbox, processed_events, duplicate_deliveries, dead_letters, idempotency_keys`,
  );
  await database.db.execute(sql`select pg_create_logical_replication_slot(${slot}, 'pgoutput')`);
});
afterEach(async () => {
  await database.db.execute(
    sql`select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = ${slot}`,
  );
});

const run = (more: Partial<RetentionOptions> = {}): Promise<RetentionReport> =>
  runRetention({ db: database.db, logger, config, slot, ...more }, new Date(), neverAborted);

/** Advances the slot, as a connector does after it has delivered all events. */
const deliverAll = async (): Promise<void> => {
  await database.db.execute(sql`select pg_log_standby_snapshot()`);
  // A slot advances only over flushed WAL. This commit flushes the WAL.
  await database.db.execute(sql`select pg_logical_emit_message(true, 'test', '')`);
  await database.db.execute(sql`select pg_replication_slot_advance(${slot}, pg_current_wal_lsn())`);
};
const addOutbox = async (...ages: readonly number[]): Promise<void> => {
  await database.db.insert(outbox).values(
    ages.map((age) => ({
      id: randomUUID(),
      aggregateType: 'order',
      aggregateId: `aged ${age}`,
      eventType: 'order.created',
      schemaId: 1,
      payload: Buffer.from([0, 0, 0, 0, 1, 0]),
      correlationId: 'c',
      causationId: 'c',
      traceparent: 't',
      occurredAt: ago(age),
    })),
  );
};
const keptRows = async (): Promise<string[]> =>
  (await database.db.select().from(outbox)).map(({ aggregateId }) => aggregateId);

describe('the outbox', () => {
  it('is cleaned although the clock of the service is ahead of the clock of the database', async () => {
    await addOutbox(2 * day, 20 * hour);
    await deliverAll();
    const shortest = { ...config, outboxRetentionDays: 1 };
    const ahead = new Date(Date.now() + hour);
    const options = { db: database.db, logger, config: shortest, slot };
    expect(await runRetention(options, ahead, neverAborted)).toMatchObject({ deleted: { outbox: 1 } });
    expect(await keptRows()).toEqual([`aged ${20 * hour}`]);
  });

  it('loses only delivered rows that are older than the retention period', async () => {
    await addOutbox(8 * day, 7 * day + hour, 7 * day - hour, 0);
    await deliverAll();
    expect(await run()).toMatchObject({ deleted: { outbox: 2 }, more: false });
    expect((await keptRows()).sort()).toEqual(['aged 0', `aged ${7 * day - hour}`]);
  });

  it('keeps undelivered rows of any age', async () => {
    await addOutbox(100 * day);
    await deliverAll();
    await addOutbox(99 * day);
    expect(await run()).toMatchObject({ deleted: { outbox: 1 } });
    expect(await keptRows()).toEqual([`aged ${99 * day}`]);
    expect(await run()).toMatchObject({ deleted: { outbox: 0 } });
    await deliverAll();
    expect(await run()).toMatchObject({ deleted: { outbox: 1 } });
  });

  it('keeps a row whose transaction was still open when later rows were delivered', async () => {
    const other = postgres(database.url, { max: 1, onnotice: () => undefined });
    const ready = Promise.withResolvers<undefined>();
    const release = Promise.withResolvers<undefined>();
    const transaction = other.begin(async (tx) => {
      await tx`insert into outbox (id, aggregate_type, aggregate_id, event_type, schema_id, payload, correlation_id,
        causation_id, traceparent, occurred_at) values (gen_random_uuid(), 'order', 'late', 'order.created', 1,
        '\\x000000000100', 'c', 'c', 't', now() - interval '50 days')`;
      ready.resolve(undefined);
      await release.promise;
    });
    await ready.promise;
    await addOutbox(100 * day);
    await deliverAll();
    release.resolve(undefined);
    await transaction;
    await other.end();
    await run();
    expect(await keptRows()).toContain('late');
    await deliverAll();
    await run();
    expect(await keptRows()).toEqual([]);
  });

  it('keeps all rows if the slot does not exist, and reports the missing slot', async () => {
    await addOutbox(100 * day);
    await deliverAll();
    await database.db.execute(sql`select pg_drop_replication_slot(${slot})`);
    expect(await run()).toMatchObject({
      deleted: { outbox: 0 },
      refused: `there is no replication slot ${slot}`,
    });
    expect((await keptRows()).length).toBe(1);
  });

  it('keeps all rows while the slot is far behind, and reports the lag', async () => {
    await addOutbox(100 * day);
    await deliverAll();
    await database.db.execute(
      sql`select count(pg_logical_emit_message(false, 'test', repeat('x', 1000000))) from generate_series(1, 70)`,
    );
    expect((await run()).refused).toMatch(new RegExp(`^the replication slot ${slot} is 6\\d MiB behind$`));
    expect((await keptRows()).length).toBe(1);
    await deliverAll();
    expect(await run()).toMatchObject({ deleted: { outbox: 1 } });
  });

  it('refuses to delete rows younger than one day, and refuses a limit of 0 or of more than 10,000 rows per statement', async () => {
    await addOutbox(hour);
    await deliverAll();
    const deletionError = (age: string, rows: number): Promise<unknown> =>
      postgresError(
        sql`select * from delete_published_outbox_rows(${slot}, now() - ${age}::interval, ${rows})`,
      );
    expect(await deletionError('23 hours', 10)).toBe('outbox rows younger than one day are never deleted');
    expect(await deletionError('2 days', 0)).toBe('between 1 and 10000 outbox rows are deleted at a time');
    expect(await deletionError('2 days', 10_001)).toBe(
      'between 1 and 10000 outbox rows are deleted at a time',
    );
    expect((await keptRows()).length).toBe(1);
  });

  it('keeps all rows if the slot belongs to another database', async () => {
    await addOutbox(100 * day);
    await deliverAll();
    const slotOfStack = 'order_outbox_slot';
    const found = await database.db.execute(
      sql`select 1 from pg_replication_slots where slot_name = ${slotOfStack}`,
    );
    expect(found).toHaveLength(1);
    expect(await run({ slot: slotOfStack })).toMatchObject({
      deleted: { outbox: 0 },
      refused: `there is no replication slot ${slotOfStack}`,
    });
  });
});

const postgresError = async (statement: ReturnType<typeof sql>): Promise<string> => {
  try {
    await database.db.execute(statement);
    return 'no error';
  } catch (error) {
    return error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
  }
};

describe('the tables with a retention period', () => {
  const addInbox = async (age: number, eventId: string = randomUUID()): Promise<string> => {
    await database.db.insert(processedEvents).values({
      consumer: 'group',
      eventId,
      eventType: 't',
      topic: 't',
      partition: 0,
      offset: 0n,
      publishedAt: ago(age),
      processedAt: ago(age),
      outcome: 'accepted',
    });
    return eventId;
  };
  let offset = 0n;
  const addLetter = async (
    state: 'parked' | 'replayed' | 'archived',
    age: number,
    eventId: string = randomUUID(),
  ): Promise<void> => {
    const settled = { settledAt: ago(age), settledBy: 'somebody' };
    await database.db.insert(deadLetters).values({
      id: randomUUID(),
      consumer: 'group',
      topic: 't',
      partition: 0,
      offset: (offset += 1n),
      headers: {},
      publishedAt: ago(age),
      eventId,
      error: 'e',
      fingerprint: 'f',
      attempts: 1,
      failedAt: ago(age),
      state,
      ...(state === 'parked' ? {} : settled),
      ...(state === 'archived' ? { archiveReason: 'r' } : {}),
    });
  };

  it('lose rows that are older than their retention period, except open dead letters', async () => {
    for (const age of [31 * day, 29 * day]) {
      await addInbox(age);
      await addLetter('replayed', age);
      await addLetter('archived', age);
      await addLetter('parked', 100 * day);
    }
    for (const age of [25 * hour, 23 * hour])
      await database.db.insert(idempotencyKeys).values({
        scope: 's',
        key: String(age),
        fingerprint: 'f',
        status: 200,
        body: {},
        headers: {},
        createdAt: ago(age),
      });
    expect(await run()).toEqual({
      deleted: { idempotencyKeys: 1, deadLetters: 2, inbox: 1, outbox: 0 },
      more: false,
    });
    expect((await database.db.select().from(deadLetters)).map(({ state }) => state).sort()).toEqual([
      'archived',
      'parked',
      'parked',
      'replayed',
    ]);
    expect((await database.db.select().from(idempotencyKeys)).map(({ key }) => key)).toEqual([
      String(23 * hour),
    ]);
  });

  it('keep the claim of an event while an open dead letter can still replay the event', async () => {
    const eventId = await addInbox(100 * day);
    await addLetter('parked', 100 * day, eventId);
    expect(await run()).toMatchObject({ deleted: { inbox: 0 } });
    await database.db.execute(
      sql`update dead_letters set state = 'replayed', settled_at = now(), settled_by = 'somebody'`,
    );
    expect(await run()).toMatchObject({ deleted: { inbox: 1 } });
  });

  it('are cleaned in small transactions, with a limited number of transactions per run', async () => {
    for (let index = 0; index < 25; index += 1) await addInbox(31 * day);
    expect(await run({ batch: 5, batches: 2 })).toMatchObject({ deleted: { inbox: 10 }, more: true });
    expect(await run({ batch: 5, batches: 20 })).toMatchObject({ deleted: { inbox: 15 }, more: false });
  });

  it('are cleaned even if one table fails, and the report names the failed table', async () => {
    await addInbox(31 * day);
    await database.db.execute(sql`alter table idempotency_keys rename to hidden`);
    try {
      expect(await run()).toMatchObject({
        deleted: { idempotencyKeys: 0, inbox: 1 },
        failed: { idempotencyKeys: 'relation "idempotency_keys" does not exist' },
      });
    } finally {
      await database.db.execute(sql`alter table hidden rename to idempotency_keys`);
    }
  });

  it.each([
    ['processed_events', () => addInbox(31 * day), 'inbox'],
    ['outbox', () => addOutbox(31 * day), 'outbox'],
  ] as const)('(here %s) lose all due rows except those that cannot be deleted', async (table, add, name) => {
    for (let index = 0; index < 25; index += 1) await add();
    await deliverAll();
    const bad = sql`select ctid as row from ${sql.identifier(table)} limit 2 offset 7`;
    await database.db.execute(sql`create table undeletable as ${bad}`);
    await database.db.execute(sql`
      create function refuse() returns trigger language plpgsql as $$ begin
        if exists (select from public.undeletable u where u.row = old.ctid) then raise exception 'a bad row'; end if;
        return old;
      end $$`);
    await database.db.execute(sql`
      create trigger refuse before delete on ${sql.identifier(table)} for each row execute function refuse()`);
    try {
      expect(await run({ batch: 10 })).toMatchObject({
        deleted: { [name]: 23 },
        failed: { [name]: 'a bad row' },
      });
      const [left] = await database.db.execute<{ rows: number }>(
        sql`select count(*)::int as rows from ${sql.identifier(table)}`,
      );
      expect(left?.rows).toBe(2);
    } finally {
      await database.db.execute(sql`drop function refuse cascade`);
      await database.db.execute(sql`drop table undeletable`);
    }
  });

  it('are not changed while another instance is deleting', async () => {
    await addInbox(31 * day);
    const other = postgres(database.url, { max: 1, onnotice: () => undefined });
    await other`select pg_advisory_lock(hashtextextended('retention', 0))`;
    expect(await run()).toMatchObject({ deleted: { inbox: 0 }, refused: 'another instance is deleting' });
    await other.end();
    expect(await run()).toMatchObject({ deleted: { inbox: 1 } });
  });

  it('can be cleaned by several instances at once without an error', async () => {
    for (let index = 0; index < 50; index += 1) await addInbox(31 * day);
    const reports = await Promise.all(Array.from({ length: 4 }, () => run({ batch: 5 })));
    const last = await run();
    const total = [...reports, last].reduce((sum, { deleted }) => sum + deleted.inbox, 0);
    expect([total, (await database.db.select().from(processedEvents)).length]).toEqual([50, 0]);
    expect([...reports, last].flatMap(({ failed }) => failed ?? [])).toEqual([]);
  });
});
