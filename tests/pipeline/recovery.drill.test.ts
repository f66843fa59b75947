// Recovery of a pipeline after its slot was invalidated, was dropped, or was dropped and created again by hand, or after its connector
// was created again without its offsets. The loss is reported. `npm run recover` publishes the missed events, even if it is killed at any step. No event takes
// effect twice, and the events of each key keep their sequence.
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readConnector } from '../../scripts/connectors/files.ts';
import { services, type ServiceName } from '../../scripts/stack/topology.ts';
import { connectors, connectorUrl, doctor, runCommand, taskOf } from '../support/commands.ts';
import { expectInvariants, expectEventsInCommitOrder } from '../support/invariants.ts';
import { header, readTopic } from '../support/kafka-log.ts';
import { call, eventually, faultRounds, orderOne, orderWith, query, useProduct } from '../support/shop.ts';
import { useTimings } from '../support/timings.ts';

const auditShape = z.object({ violations: z.array(z.object({ invariant: z.string(), key: z.string() })) });

const measure = useTimings();
const succeed = async (...args: readonly string[]): Promise<string> => {
  const { code, output } = await connectors(...args);
  expect(code, output).toBe(0);
  return output;
};

const testProduct = useProduct(1_000);
const placeOrder = async (): Promise<string> => (await orderOne(testProduct.id)).id;
const publishedIdsOf = async (service: ServiceName): Promise<(string | undefined)[]> =>
  (await readTopic(services[service].topic)).map((record) => header(record, 'id'));
const outboxIdsOf = async (service: ServiceName, key: string): Promise<string[]> =>
  (
    await query<{ id: string }>(
      service,
      (sql) => sql`select id from outbox where aggregate_id = ${key} order by id`,
    )
  ).map(({ id }) => id);
const recover = async (service: ServiceName): Promise<string> => {
  const { code, output } = await measure(`recover ${service}`, () => runCommand('recover', [service]));
  expect(code, output).toBe(0);
  expect(output).toContain('reconciled: everything agrees');
  return output;
};
/** Invalidates the slot: limits the WAL that PostgreSQL keeps for the stopped connector to 1 MB, and writes more. */
const loseSlot = async (service: ServiceName): Promise<void> => {
  const { slot } = services[service].database;
  await query(service, (sql) => sql`alter system set max_slot_wal_keep_size = '1MB'`);
  try {
    await query(service, (sql) => sql`select pg_reload_conf()`);
    await eventually(
      `the slot ${slot} is lost`,
      async () => {
        await query(
          service,
          (sql) => sql`select pg_logical_emit_message(true, 'heartbeat', 'x'), pg_switch_wal()`,
        );
        await query(service, (sql) => sql`checkpoint`);
        const [row] = await query(
          service,
          (sql) => sql`select wal_status from pg_replication_slots where slot_name = ${slot}`,
        );
        return row?.['wal_status'] === 'lost';
      },
      60_000,
    );
  } finally {
    await query(service, (sql) => sql`alter system reset max_slot_wal_keep_size`);
    await query(service, (sql) => sql`select pg_reload_conf()`);
  }
};

/** The steps at which `recover` is killed: two steps, or all steps with FAULT_ROUNDS above 1. */
const killSteps = faultRounds > 1 ? [1, 2, 3, 4, 5, 6, 7] : [4, 7];

describe('a lost slot', () => {
  it('is reported, and the recovery publishes exactly the missed events, even if it is killed while orders are placed', async () => {
    const earlierOrder = await placeOrder();
    await orderWith(earlierOrder, 'PAID');
    await succeed('stop', '--connector', 'order-outbox');
    const missedOrders = [await placeOrder(), await placeOrder(), await placeOrder()];
    await loseSlot('order');

    const [finding] = await measure('a lost slot, until the doctor reports it', async () =>
      (await doctor()).findings.filter(({ sentence }) => sentence.includes('is invalidated')),
    );
    expect(finding).toMatchObject({ area: 'order database' });

    // `npm run audit`, which does not read the slot, names exactly the missing events.
    const missed = (await Promise.all(missedOrders.map((id) => outboxIdsOf('order', id)))).flat();
    const { violations } = auditShape.parse(
      JSON.parse((await runCommand('audit', ['--json', '--grace', '0'])).output),
    );
    const unpublished = violations.filter(({ invariant }) => invariant === 'outbox_published');
    expect(unpublished.map(({ key }) => key).sort()).toEqual([...missed].sort());
    const dryRun = await runCommand('recover', ['order', '--dry-run']);
    expect(dryRun.output).toContain(`${missed.length} rows of the outbox are not on order-events`);

    const writing = new AbortController();
    const concurrentOrders: string[] = [];
    const writer = (async () => {
      while (!writing.signal.aborted) {
        concurrentOrders.push(await placeOrder());
        await delay(150);
      }
    })();
    for (const step of killSteps) {
      const { output } = await runCommand('recover', ['order'], {}, (text, child) => {
        if (text.includes(`${step}/7`)) child.kill('SIGKILL');
      });
      expect(output).toContain(`${step}/7`);
      expect(output).not.toContain('reconciled');
    }
    writing.abort();
    await writer;
    await recover('order');

    const all = [earlierOrder, ...missedOrders, ...concurrentOrders];
    await Promise.all(all.map((id) => orderWith(id, 'PAID', 60_000)));
    const published = await publishedIdsOf('order');
    for (const id of missed) expect(published.filter((one) => one === id)).toEqual([id]);
    await expectEventsInCommitOrder(all);
    await expectInvariants(all);
    expect((await runCommand('doctor')).code).toBe(0);
  }, 240_000);
});

describe('a slot that was dropped and created again', () => {
  const recoveries = () =>
    query(
      'inventory',
      (sql) => sql`select subject, resource from audit_log where action = 'pipelines.recover' order by id`,
    );

  it('fails the task instead of skipping events, and can be recovered', async () => {
    const { slot } = services.inventory.database;
    await succeed('stop', '--connector', 'inventory-outbox');
    await query('inventory', (sql) => sql`select pg_drop_replication_slot(${slot})`);
    const stored = JSON.parse(await succeed('offsets', 'get', '--json', '--connector', 'inventory-outbox'));
    expect(stored['inventory-outbox']).toMatchObject({ stored: [{ lsn: expect.any(String) }], slot: null });
    // This event is written while there is no slot.
    const idsBefore = await outboxIdsOf('inventory', testProduct.id);
    const renamed = await call('inventory', `/api/v1/products/${testProduct.id}`, {
      as: 'seller',
      method: 'PATCH',
      body: { name: 'Renamed' },
    });
    expect(renamed.status).toBe(200);
    const [lostId] = (await outboxIdsOf('inventory', testProduct.id)).filter((id) => !idsBefore.includes(id));
    expect(lostId).toBeDefined();
    await query(
      'inventory',
      (sql) => sql`select pg_create_logical_replication_slot(${slot}, 'pgoutput', false, false, true)`,
    );
    await fetch(`${connectorUrl('inventory')}/resume`, { method: 'PUT' });
    const trace = await measure('a slot created again, until the task has failed', () =>
      eventually(
        'the task has failed',
        async () => {
          const task = await taskOf('inventory');
          return task?.state === 'FAILED' && task.trace;
        },
        60_000,
      ),
    );
    expect(trace).toMatch(/starting at .* no longer available on the server/s);
    expect((await connectors('status', '--connector', 'inventory-outbox')).code).toBe(1);

    expect(await publishedIdsOf('inventory')).not.toContain(lostId);

    const recoveriesBefore = await recoveries();
    await recover('inventory');
    expect((await recoveries()).slice(recoveriesBefore.length)).toMatchObject([
      { subject: 'npm run recover', resource: 'inventory-outbox' },
    ]);
    expect((await publishedIdsOf('inventory')).filter((id) => id === lostId)).toEqual([lostId]);
    await succeed('drift');
    const id = await placeOrder();
    await orderWith(id, 'PAID');
    await expectInvariants([id]);
  }, 200_000);
});

describe('a connector that is created again without its offsets', () => {
  const deleteConnector = async (): Promise<void> => {
    await succeed('stop', '--connector', 'payment-outbox');
    const refused = await connectors('offsets', 'reset', '--connector', 'payment-outbox');
    expect(refused.output).toContain('nothing was changed');
    expect(await succeed('offsets', 'reset', '--yes', '--connector', 'payment-outbox')).toContain('reset');
    // The worker responds with 409 while it still handles the previous request.
    await eventually('Connect has deleted the connector', async () => {
      const { status } = await fetch(connectorUrl('payment'), { method: 'DELETE' });
      return status === 204 || status === 404;
    });
  };

  it('publishes no event again; with a snapshot it publishes every row of the outbox again, and no event takes effect twice', async () => {
    const running = await connectors('offsets', 'reset', '--yes', '--connector', 'payment-outbox');
    expect([running.code, running.output]).toEqual([2, expect.stringContaining('is not stopped')]);

    const first = await placeOrder();
    await orderWith(first, 'PAID');
    const publishedBefore = await publishedIdsOf('payment');
    // The connector confirms its position to the slot every ten seconds. Events that are not confirmed yet would be published again.
    const [end] = await query<{ lsn: string }>(
      'payment',
      (sql) => sql`select pg_current_wal_lsn()::text as lsn`,
    );
    await eventually(
      'the slot has the current position',
      async () => {
        const [row] = await query(
          'payment',
          (
            sql,
          ) => sql`select confirmed_flush_lsn >= ${end?.lsn ?? ''}::pg_lsn as confirmed from pg_replication_slots
            where slot_name = ${services.payment.database.slot}`,
        );
        return row?.['confirmed'] === true;
      },
      60_000,
    );
    await deleteConnector();
    expect(await succeed('apply')).toContain('payment-outbox: created, running');
    const second = await placeOrder();
    await orderWith(second, 'PAID', 60_000);
    const publishedAfter = await publishedIdsOf('payment');
    expect(publishedAfter.filter((id) => publishedBefore.includes(id))).toHaveLength(publishedBefore.length);

    // For comparison, the same steps with a snapshot.
    await deleteConnector();
    await eventually('Connect accepts the connector', async () => {
      const body = JSON.stringify({ ...readConnector('payment'), 'snapshot.mode': 'initial' });
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`${connectorUrl('payment')}/config`, { method: 'PUT', headers, body })).ok;
    });
    const retained = await query('payment', (sql) => sql`select id from outbox`);
    await eventually(
      'every retained row is on the topic again',
      async () => (await publishedIdsOf('payment')).length >= publishedAfter.length + retained.length,
      60_000,
    );
    expect(await succeed('apply')).toContain('payment-outbox: changed, running');
    const third = await placeOrder();
    await orderWith(third, 'PAID', 60_000);
    await expectInvariants([first, second, third]);
  }, 200_000);
});

describe('npm run connectors -- remove', () => {
  it('removes connector and slot only if the connector is stopped and with --yes; the recovery creates both again', async () => {
    const remove = (...args: readonly string[]) =>
      connectors('remove', '--connector', 'payment-outbox', ...args);
    const running = await remove('--yes');
    expect([running.code, running.output]).toEqual([2, expect.stringContaining('is not stopped')]);
    await succeed('stop', '--connector', 'payment-outbox');
    const withoutYes = await remove();
    expect([withoutYes.code, withoutYes.output]).toEqual([1, expect.stringContaining('nothing was changed')]);
    const removed = await remove('--yes');
    expect([removed.code, removed.output]).toEqual([
      0,
      expect.stringContaining('slot payment_outbox_slot dropped'),
    ]);
    const { sentences } = await doctor();
    expect(sentences).toContain('There is no replication slot payment_outbox_slot');
    expect(sentences).toContain('Connect has no connector payment-outbox');

    const id = await placeOrder();
    await recover('payment');
    await orderWith(id, 'PAID', 60_000);
    await expectInvariants([id]);
  }, 150_000);
});
