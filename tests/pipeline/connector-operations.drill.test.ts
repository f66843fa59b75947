// Operations on connectors, and faults that Connect does not report: configuration drift, a refused heartbeat, a busy database with a
// quiet outbox, a changed password, rows that must not reach the event router, and events that are too large.
import postgres from 'postgres';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readConnector } from '../../scripts/connectors/files.ts';
import { databasePorts, serviceNames, services, type ServiceName } from '../../scripts/stack/topology.ts';
import { connectors, connectorUrl, doctor, runCommand, taskOf } from '../support/commands.ts';
import { expectInvariants } from '../support/invariants.ts';
import { header, readTopic, type LogRecord } from '../support/kafka-log.ts';
import { underLoad } from '../support/load.ts';
import { createOutboxRows } from '../support/outbox-rows.ts';
import { eventually, newProduct, orderOne, orderWith, query, stack } from '../support/shop.ts';
import { useTimings } from '../support/timings.ts';

const planShape = z.record(z.string(), z.object({ changes: z.array(z.object({ key: z.string() })) }));

const measure = useTimings();

const waitUntilTaskRuns = (service: ServiceName) =>
  eventually(`the task of ${service} runs`, async () => (await taskOf(service))?.state === 'RUNNING', 60_000);

/** Changes a configuration directly in Connect, because `npm run connectors` would refuse most of these changes. */
const tamper = async (service: ServiceName, change: Readonly<Record<string, string | undefined>>) => {
  const current = await (await fetch(`${connectorUrl(service)}/config`)).json();
  await eventually('Connect accepts the configuration', async () => {
    const body = JSON.stringify({ ...Object(current), ...change });
    const headers = { 'content-type': 'application/json' };
    return (await fetch(`${connectorUrl(service)}/config`, { method: 'PUT', headers, body })).ok;
  });
};
const apply = async (): Promise<void> => {
  const { code, output } = await connectors('apply');
  expect(code, output).toBe(0);
};
const placed: string[] = [];
/** Places an order and waits until it is PAID, which requires all three connectors. */
const expectEventsFlow = async (): Promise<void> => {
  const testProduct = await newProduct(1);
  const { id } = await orderOne(testProduct.id);
  placed.push(id);
  await orderWith(id, 'PAID', 60_000);
};

describe('npm run connectors', { timeout: 120_000 }, () => {
  it('detects, explains and reverts a manual change', async () => {
    expect((await connectors('drift')).code).toBe(0);
    expect((await connectors('validate')).code).toBe(0);
    await tamper('payment', { 'poll.interval.ms': '500', 'errors.tolerance': 'all' });
    const drifted = await connectors('drift', '--connector', 'payment-outbox');
    expect([drifted.code, drifted.output]).toEqual([1, expect.stringMatching(/- all\n +\+ none\n/)]);
    const { code, sentences } = await doctor();
    expect([code, sentences]).toEqual([1, expect.stringMatching(/payment\.json: .*errors\.tolerance/)]);
    const planned = planShape.parse(JSON.parse((await connectors('plan', '--json')).output));
    expect(planned['payment-outbox']?.changes.map(({ key }) => key).sort()).toEqual([
      'errors.tolerance',
      'poll.interval.ms',
    ]);
    expect((await connectors('apply')).output).toContain('payment-outbox: changed, running');
    expect((await connectors('apply')).output).toContain('payment-outbox: unchanged, running');
    expect((await connectors('drift')).code).toBe(0);
  });

  it('refuses a change of the slot without --allow-dangerous', async () => {
    expect((await connectors('stop', '--connector', 'payment-outbox')).code).toBe(0);
    await tamper('payment', { 'slot.name': 'another_slot', 'poll.interval.ms': '500' });
    const databases = serviceNames.map(
      (service) => `${service}=127.0.0.1:${stack.ports[databasePorts[service]]}`,
    );
    const provisioned = await runCommand('provision', ['connectors', stack.urls.connect, ...databases]);
    expect(provisioned.output).toContain(
      'payment-outbox: changed to the values in connectors/payment.json: poll.interval.ms',
    );
    expect(provisioned.output).toMatch(
      /payment-outbox: not changed, .*slot\.name: another_slot → payment_outbox_slot/,
    );
    expect(provisioned.output).toContain(
      'payment-outbox publishes nothing: somebody has paused or stopped it',
    );
    const refused = await connectors('apply', '--connector', 'payment-outbox');
    expect([refused.code, refused.output]).toEqual([
      2,
      expect.stringMatching(/dangerous:\n {2}slot\.name: another_slot → payment_outbox_slot/),
    ]);
    const allowed = await connectors('apply', '--allow-dangerous', '--connector', 'payment-outbox');
    expect([allowed.code, allowed.output]).toEqual([0, expect.stringContaining('changed, paused')]);
    expect((await connectors('resume', '--connector', 'payment-outbox')).output).toContain('running');
    await expectEventsFlow();
  });
});

describe('the heartbeat', { timeout: 240_000 }, () => {
  it('advances the slot of a quiet outbox in a busy database; without the heartbeat the slot falls behind', async () => {
    const quiet = ['inventory', 'payment'] as const;
    const writeWal = (service: ServiceName) =>
      query(
        service,
        (sql) =>
          sql`create table busy as select repeat(md5(random()::text), 31) from generate_series(1, 50000)`,
      );
    const slotLagOf = async (service: ServiceName): Promise<number> => {
      const [row] = await query<{ lag: number }>(
        service,
        (sql) => sql`select pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::float8 as lag
          from pg_replication_slots where slot_name = ${services[service].database.slot}`,
      );
      return row?.lag ?? NaN;
    };
    const maxLag = 1024 * 1024;
    const published = () =>
      query('inventory', (sql) => sql`select event_type, aggregate_id from outbox order by occurred_at`);
    const publishedBefore = (await published()).length;
    try {
      // The auditor sends no canaries during this test, because canaries also advance the slot.
      for (const service of quiet)
        await query(
          service,
          (sql) =>
            sql`revoke execute on function emit_canary(uuid) from ${sql(services[service].database.auditor)}`,
        );
      await tamper('inventory', { 'heartbeat.interval.ms': '0', 'heartbeat.action.query': undefined });
      await waitUntilTaskRuns('inventory');
      await Promise.all([writeWal('inventory'), writeWal('payment')]);
      await measure('50 MB of WAL in a database with a quiet outbox, until the slot has caught up', () =>
        eventually('the slot has caught up', async () => (await slotLagOf('payment')) < maxLag, 90_000),
      );
      // No event was published during the test, because a published event also advances the slot.
      expect((await published()).slice(publishedBefore)).toEqual([]);
      expect(await slotLagOf('inventory')).toBeGreaterThan(45 * maxLag);
    } finally {
      for (const service of quiet) {
        await query(service, (sql) => sql`drop table if exists busy`);
        await query(
          service,
          (sql) =>
            sql`grant execute on function emit_canary(uuid) to ${sql(services[service].database.auditor)}`,
        );
      }
    }
    await apply();
    await eventually(
      'the slot has caught up again',
      async () => (await slotLagOf('inventory')) < maxLag,
      90_000,
    );
    const [heartbeat] = (await readTopic('__debezium-heartbeat.inventory-db')).slice(-1);
    expect(JSON.parse(String(heartbeat?.value))).toMatchObject({ ts_ms: expect.any(Number) });
    expect((await taskOf('inventory'))?.state).toBe('RUNNING');
  });

  it('fails the task if the converter of the heartbeat is not configured', async () => {
    await tamper('payment', {
      'value.converter.delegate.converter.type': undefined,
      'value.converter.delegate.converter.type.schemas.enable': undefined,
      'heartbeat.interval.ms': '500',
    });
    const trace = await eventually(
      'the task has failed',
      async () => {
        const task = await taskOf('payment');
        return task?.state === 'FAILED' && task.trace;
      },
      60_000,
    );
    expect(trace).toMatch(/delegate/i);
    // `apply` repairs a failed task, even if Connect still reports the status of the previous task.
    await apply();
    await expectEventsFlow();
  });

  it('is reported by the doctor if PostgreSQL refuses it, although the task is running', async () => {
    const heartbeat = 'function pg_logical_emit_message(boolean, text, text, boolean)';
    expect((await doctor()).code).toBe(0);
    await query('payment', (sql) => sql.unsafe(`revoke execute on ${heartbeat} from public`));
    try {
      const { code, sentences } = await measure('a refused heartbeat, until the doctor reports it', doctor);
      expect([code, sentences]).toEqual([1, expect.stringMatching(/heartbeat .*permission denied/)]);
      expect((await taskOf('payment'))?.state).toBe('RUNNING');
    } finally {
      await query('payment', (sql) => sql.unsafe(`grant execute on ${heartbeat} to public`));
    }
    expect((await doctor()).code).toBe(0);
  });
});

describe('a changed password of the CDC role', { timeout: 120_000 }, () => {
  it('is reported by the doctor even before the task logs in again, and fails the restarted task', async () => {
    const alter = (password: string) =>
      query('payment', (sql) => sql.unsafe(`alter role payment_cdc password '${password}'`));
    await alter('another');
    try {
      await waitUntilTaskRuns('payment');
      const { code, sentences } = await doctor();
      expect([code, sentences]).toEqual([1, expect.stringContaining('payment_cdc cannot log in')]);
      await fetch(`${connectorUrl('payment')}/restart?includeTasks=true`, { method: 'POST' });
      await measure('a wrong password, until the task has failed', () =>
        eventually('the task has failed', async () => (await taskOf('payment'))?.state === 'FAILED', 60_000),
      );
    } finally {
      await alter('orderflow');
    }
    const { code, output } = await connectors('restart', '--failed', '--connector', 'payment-outbox');
    expect(code, output).toBe(0);
    await expectEventsFlow();
  });
});

describe('a change that must not reach the event router', { timeout: 120_000 }, () => {
  it('is an update or a truncate of the outbox: PostgreSQL refuses it to the service, and the connector skips it if the superuser runs it', async () => {
    const service = postgres(stack.databases.payment.service, { max: 1, onnotice: () => undefined });
    await expect(service`update outbox set event_type = 'x'`).rejects.toMatchObject({ code: '42501' });
    await expect(service`truncate outbox`).rejects.toMatchObject({ code: '42501' });
    await service.end();

    const idsOf = (records: readonly LogRecord[]) => records.map((record) => header(record, 'id'));
    const idsBefore = idsOf(await readTopic('payment-events'));
    const { publication } = services.payment.database;
    const admin = postgres(stack.databases.payment.admin, { max: 1, onnotice: () => undefined });
    await admin`update outbox set event_type = event_type`;
    await admin.begin(async (tx) => {
      await tx`create temp table kept on commit drop as select * from outbox`;
      await tx`truncate outbox`;
      // The rows are restored without being published, because the publication has no table in this transaction.
      await tx.unsafe(`alter publication ${publication} drop table outbox`);
      await tx`insert into outbox select * from kept`;
      await tx.unsafe(`alter publication ${publication} add table outbox`);
    });
    await admin.end();
    await expectEventsFlow();
    expect((await taskOf('payment'))?.state).toBe('RUNNING');
    const published = await readTopic('payment-events');
    expect(idsOf(published).filter((id) => idsBefore.includes(id))).toHaveLength(idsBefore.length);
    expect(published.filter(({ value }) => value === null)).toEqual([]);
  });

  it('is an event above the maximum size: PostgreSQL refuses it. The largest allowed event is published', async () => {
    const { productId, rowOfSize } = await createOutboxRows('large');
    const [largest, tooLarge] = [rowOfSize(900_000), rowOfSize(900_001)];
    expect([largest.payload.length, tooLarge.payload.length]).toEqual([900_000, 900_001]);
    const service = postgres(stack.databases.inventory.service, { max: 1, onnotice: () => undefined });
    try {
      // The other writes of the transaction are also rolled back.
      const refused = service.begin(async (tx) => {
        await tx`update inventory set available = available + 1 where product_id = ${productId}`;
        await tx`insert into outbox ${tx(tooLarge)}`;
      });
      await expect(refused).rejects.toMatchObject({
        code: '23514',
        constraint_name: 'outbox_payload_framed',
      });
      await service`insert into outbox ${service(largest)}`;
    } finally {
      await service.end();
    }
    await eventually('the largest event is published', async () =>
      (await readTopic('inventory-events')).some((record) => header(record, 'id') === largest.id),
    );
    expect((await taskOf('inventory'))?.state).toBe('RUNNING');
    await expectEventsFlow();
  });
});

describe('a row that cannot be published', { timeout: 180_000 }, () => {
  it('stops the pipeline; once the row is moved away, all later rows are published', async () => {
    const { row, rowOfSize } = await createOutboxRows('poison');
    const poison = rowOfSize(1_100_000);
    const constraint = 'outbox_payload_framed';
    const [written] = await query<{ definition: string }>(
      'inventory',
      (sql) => sql`select pg_get_constraintdef(oid) as definition from pg_constraint
        where conname = ${constraint} and conrelid = 'outbox'::regclass`,
    );
    if (written === undefined) throw new Error(`there is no ${constraint}`);
    const laterRows = [row(), row(), row()];
    await query('inventory', (sql) => sql.unsafe(`alter table outbox drop constraint ${constraint}`));
    try {
      await query('inventory', (sql) => sql`insert into outbox ${sql(poison)}`);
      await query('inventory', (sql) => sql`insert into outbox ${sql(laterRows)}`);
      await measure('a row that cannot be published, until the task has failed', () =>
        eventually(
          'the task has failed',
          async () => (await taskOf('inventory'))?.state === 'FAILED',
          60_000,
        ),
      );
      expect((await taskOf('inventory'))?.trace).toMatch(/larger than|RecordTooLarge|max.request.size/);

      // The steps of the runbook.
      expect((await connectors('stop', '--connector', 'inventory-outbox')).code).toBe(0);
      await query(
        'inventory',
        (sql) => sql`create table if not exists outbox_poison as table outbox with no data`,
      );
      await query(
        'inventory',
        (sql) => sql`with row as (delete from outbox where id = ${poison.id} returning *)
          insert into outbox_poison select * from row`,
      );
      await query('inventory', (sql) => sql`select pg_drop_replication_slot('inventory_outbox_slot')`);
      const { code, output } = await measure('recovery after the row was moved away', () =>
        runCommand('recover', ['inventory']),
      );
      expect([code, output]).toEqual([0, expect.stringContaining('reconciled: everything agrees')]);
    } finally {
      await query('inventory', (sql) => sql`delete from outbox where id = ${poison.id}`);
      await query('inventory', (sql) =>
        sql.unsafe(`alter table outbox add constraint ${constraint} ${written.definition}`),
      );
    }
    const published = new Set((await readTopic('inventory-events')).map((record) => header(record, 'id')));
    expect([poison, ...laterRows].map(({ id }) => published.has(id))).toEqual([false, true, true, true]);
    const [kept] = await query('inventory', (sql) => sql`select id from outbox_poison`);
    expect(kept?.['id']).toBe(poison.id);
    await query('inventory', (sql) => sql`drop table outbox_poison`);
    await expectEventsFlow();
  });
});

describe('a new column of the outbox in the configuration of a connector', { timeout: 180_000 }, () => {
  const placement = 'transforms.outbox.table.fields.additional.placement';
  const withRegion = async (): Promise<Readonly<Record<string, string>>> => {
    const { [placement]: current } = readConnector('payment');
    return { [placement]: `${String(current)},region:header:region` };
  };
  const addColumn = () =>
    query('payment', (sql) => sql`alter table outbox add column region text default 'north'`);
  const dropColumn = () => query('payment', (sql) => sql`alter table outbox drop column if exists region`);
  const restoreConfiguration = async (): Promise<void> => {
    const { code, output } = await connectors('apply', '--allow-dangerous', '--connector', 'payment-outbox');
    expect(code, output).toBe(0);
  };

  it('becomes a header under load if the configuration changes after the slot has passed the migration', async () => {
    const testProduct = await newProduct(100);
    try {
      placed.push(
        ...(await underLoad({ productId: testProduct.id, orders: 18, pauseMs: 150 }, async () => {
          await addColumn();
          // Once an event from after the migration is on the topic, the slot has passed the migration.
          await expectEventsFlow();
          await tamper('payment', await withRegion());
          await waitUntilTaskRuns('payment');
        })),
      );
      await expectEventsFlow();
      const recordsOfLastOrder = (await readTopic('payment-events')).filter(
        ({ key }) => String(key) === placed.at(-1),
      );
      expect(new Set(recordsOfLastOrder.map((record) => header(record, 'region')))).toEqual(
        new Set(['north']),
      );
    } finally {
      await restoreConfiguration();
      await dropColumn();
    }
    await expectEventsFlow();
  });

  it('fails the task if the slot has not passed the migration; the previous configuration repairs the task', async () => {
    expect((await connectors('stop', '--connector', 'payment-outbox')).code).toBe(0);
    try {
      // This event was written before the migration and waits in the WAL without the column.
      const testProduct = await newProduct(1);
      const { id } = await orderOne(testProduct.id);
      placed.push(id);
      await eventually('the payment service has handled the order', async () => {
        const rows = await query('payment', (sql) => sql`select 1 from outbox where aggregate_id = ${id}`);
        return rows.length > 0;
      });
      await addColumn();
      await tamper('payment', await withRegion());
      // The exit code depends on whether the task has failed before the command ends.
      await connectors('resume', '--connector', 'payment-outbox');
      await eventually(
        'the task has failed',
        async () => (await taskOf('payment'))?.state === 'FAILED',
        60_000,
      );
    } finally {
      await restoreConfiguration();
      await dropColumn();
    }
    await expectEventsFlow();
  });
});

it('after all tests no event is lost or handled twice, and the doctor reports no problem', async () => {
  await expectInvariants(placed);
  const { code, sentences } = await doctor();
  expect(code, sentences).toBe(0);
}, 150_000);
