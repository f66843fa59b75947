// The health of pipelines. Each fault is detected within a time limit and reported by name until its repair, even if Connect does not
// report the fault. Failed tasks are restarted automatically.
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { demoPassword } from '../../scripts/stack/demonstration.ts';
import { services } from '../../scripts/stack/topology.ts';
import { connectorUrl, taskOf } from '../support/commands.ts';
import { expectInvariants } from '../support/invariants.ts';
import { header, readTopic } from '../support/kafka-log.ts';
import { killInstancesAfterEach, startInstance } from '../support/instances.ts';
import {
  call,
  eventually,
  faultRounds,
  newProduct,
  orderOne,
  orderWith,
  query,
  signalBackend,
  signalPart,
  stack,
} from '../support/shop.ts';

interface Pipeline {
  readonly service: string;
  readonly status: string;
  readonly problems: readonly { readonly problem: string; readonly sentence: string }[];
  readonly connector: { readonly state: string };
  readonly canary: { readonly roundTripMs: number | null; readonly lost: number };
  readonly watchdog: { readonly leads: boolean; readonly restarts: number; readonly gaveUp: boolean };
}
const pipelines = async (): Promise<readonly Pipeline[]> => {
  const reported: readonly Pipeline[] = Object((await call('auditor', '/pipelines')).body).pipelines;
  return reported;
};
const paymentPipeline = async (): Promise<Pipeline> => {
  const pipeline = (await pipelines()).find(({ service }) => service === 'payment');
  if (!pipeline) throw new Error('there is no payment pipeline');
  return pipeline;
};

/** Waits until the auditor reports the problem. Fails after `withinSeconds`. */
const waitForProblem = async (problem: string, withinSeconds: number): Promise<Pipeline> => {
  const startedAt = performance.now();
  const pipeline = await eventually(
    `${problem} is detected`,
    async () => {
      const current = await paymentPipeline();
      if (!current.problems.some((found) => found.problem === problem))
        throw new Error(JSON.stringify(current));
      return current;
    },
    withinSeconds * 1_000,
  );
  process.stderr.write(
    `${problem} was detected after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s\n`,
  );
  return pipeline;
};
const waitUntilAllHealthy = (withinMs = 60_000): Promise<true> =>
  eventually(
    'all pipelines are healthy',
    async () => {
      const current = await pipelines();
      const unhealthy = current.filter(({ problems }) => problems.length > 0);
      if (current.length !== 3 || unhealthy.length > 0) throw new Error(JSON.stringify(unhealthy));
      return true;
    },
    withinMs,
  );
interface Part {
  readonly name: string;
  readonly status: string;
  readonly detail: string;
}
const dashboardStatus = async (): Promise<Part | undefined> => {
  const { dashboard } = stack.urls;
  const session = await fetch(`${dashboard}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: dashboard },
    body: JSON.stringify({ email: 'admin@orderflow.io', password: demoPassword }),
  });
  const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
  const health = await fetch(`${dashboard}/health`, { headers: { cookie } });
  const parts: readonly Part[] = Object(await health.json()).parts;
  return parts.find(({ name }) => name === 'payment-pipeline');
};
const metric = async (line: string): Promise<number> => {
  const text = String((await call('auditor', '/metrics')).body);
  const found = text.split('\n').find((candidate) => candidate.startsWith(`${line} `));
  if (found === undefined) throw new Error(`there is no ${line}`);
  return Number(found.slice(line.length));
};

const { database, topic } = services.payment;
const endWalSender = () =>
  query(
    'payment',
    (sql) =>
      sql`select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = ${database.slot}`,
  );

describe('healthy pipelines', () => {
  it('carry canaries that no consumer receives', { timeout: 90_000 }, async () => {
    await waitUntilAllHealthy();
    await eventually('a canary of each pipeline has arrived', async () =>
      (await pipelines()).every(({ canary }) => canary.roundTripMs !== null),
    );
    expect(await dashboardStatus()).toMatchObject({
      status: 'ok',
      detail: 'slot, connector, heartbeat, canary',
    });
    expect(await metric('orderflow_canary_round_trip_seconds_count{service="payment"}')).toBeGreaterThan(0);
    await eventually('the consumer lag is zero', async () => {
      const lag = 'orderflow_consumer_lag_records{group="order-service-group",topic="inventory-events"}';
      return (await metric(lag)) === 0;
    });
    const exporter = `http://127.0.0.1:${stack.ports.connectMetrics}/metrics`;
    const connectMetrics = await (await fetch(exporter)).text();
    expect(connectMetrics).toMatch(/^debezium_streaming_connected\{server="payment-db",?\} 1\.0$/m);
    expect(connectMetrics).toMatch(/^kafka_connect_task_status\{.*status="running".*\} 1\.0$/m);
    // The JMX exporter adds this label if two attributes map to the same metric.
    expect(connectMetrics).not.toContain('_objectname');
    const rows = await query('payment', (sql) => sql`select 1 from outbox where event_type = 'canary'`);
    expect(rows).toEqual([]);
    const types = (await readTopic(topic)).map((record) => header(record, 'eventType'));
    expect(types).not.toContain('canary');
    expect((await readTopic(`${topic}-canary`)).length).toBeGreaterThan(0);
  });
});

describe('a broken pipeline', () => {
  it(
    'with a failed task is detected within 15 s, and restarted once the task can run',
    { timeout: 180_000 },
    async () => {
      await waitUntilAllHealthy();
      const before = await metric('orderflow_watchdog_restarts_total{service="payment"}');
      await query('payment', (sql) => sql.unsafe(`alter role ${database.cdc} nologin`));
      try {
        await endWalSender();
        // Connect reports the failure with a short delay.
        await eventually('the task fails', async () => (await taskOf('payment'))?.state === 'FAILED');
        await waitForProblem('task_failed', 15);
        expect(await dashboardStatus()).toMatchObject({ status: 'unavailable' });
      } finally {
        await query('payment', (sql) => sql.unsafe(`alter role ${database.cdc} login`));
      }
      await waitUntilAllHealthy(60_000);
      expect(await metric('orderflow_watchdog_restarts_total{service="payment"}')).toBeGreaterThan(before);
      const testProduct = await newProduct(1);
      const { id } = await orderOne(testProduct.id);
      await orderWith(id, 'PAID');
      await expectInvariants([id]);
    },
  );

  it(
    'whose WAL sender hangs while its task is RUNNING is detected within 30 s',
    { timeout: 180_000 },
    async () => {
      await waitUntilAllHealthy();
      const [row] = await query<{ pid: number }>(
        'payment',
        (sql) => sql`select active_pid as pid from pg_replication_slots where slot_name = ${database.slot}`,
      );
      if (row === undefined) throw new Error('no connector reads the slot');
      await signalBackend('payment', row.pid, 'SIGSTOP');
      try {
        const { problems, connector: reported } = await waitForProblem('stalled', 30);
        expect(reported.state).toBe('running');
        expect(problems.map(({ problem }) => problem)).toEqual(['stalled']);
      } finally {
        await signalBackend('payment', row.pid, 'SIGCONT');
      }
      await waitUntilAllHealthy();
    },
  );

  it(
    'whose heartbeat is forbidden while its task is RUNNING is detected within 15 s',
    { timeout: 90_000 },
    async () => {
      await waitUntilAllHealthy();
      const right = 'execute on function pg_logical_emit_message(boolean, text, text, boolean)';
      await query('payment', (sql) => sql.unsafe(`revoke ${right} from public`));
      try {
        const { problems } = await waitForProblem('heartbeat_forbidden', 15);
        expect(problems).toHaveLength(1);
      } finally {
        await query('payment', (sql) => sql.unsafe(`grant ${right} to public`));
      }
      await waitUntilAllHealthy();
    },
  );

  it(
    'whose slot was lost while its connector was stopped is detected within 15 s after the connector is resumed',
    { timeout: 240_000 },
    async () => {
      await waitUntilAllHealthy();
      const change = async (method: string, path: string): Promise<void> => {
        await eventually(`Connect accepts ${method} ${path}`, async () => {
          const { status } = await fetch(`${connectorUrl('payment')}/${path}`, { method });
          return status < 300;
        });
      };
      const setting = 'idle_replication_slot_timeout';
      await change('PUT', 'stop');
      try {
        await eventually('no connector reads the slot', async () => {
          const [slot] = await query(
            'payment',
            (sql) => sql`select active from pg_replication_slots where slot_name = ${database.slot}`,
          );
          return slot?.['active'] === false;
        });
        await query('payment', (sql) => sql.unsafe(`alter system set ${setting} = '1s'`));
        await query('payment', (sql) => sql`select pg_reload_conf()`);
        await eventually('the slot is lost', async () => {
          await delay(500);
          await query('payment', (sql) => sql`checkpoint`);
          const [slot] = await query(
            'payment',
            (sql) => sql`select wal_status from pg_replication_slots where slot_name = ${database.slot}`,
          );
          return slot?.['wal_status'] === 'lost';
        });
        await change('PUT', 'resume');
        await waitForProblem('slot_lost', 15);
        expect((await dashboardStatus())?.detail).toContain('is invalidated');
      } finally {
        await query('payment', (sql) => sql.unsafe(`alter system reset ${setting}`));
        await query('payment', (sql) => sql`select pg_reload_conf()`);
        // The test places no order while the slot is lost, so a new slot at the current position misses only canaries.
        await change('PUT', 'stop');
        await eventually('the slot is created again', async () => {
          await query('payment', (sql) => sql`select pg_drop_replication_slot(${database.slot})`).catch(
            () => [],
          );
          await query(
            'payment',
            (sql) =>
              sql`select pg_create_logical_replication_slot(${database.slot}, 'pgoutput', false, false, true)`,
          );
          return true;
        });
        await change('DELETE', 'offsets');
        await change('PUT', 'resume');
      }
      await waitUntilAllHealthy();
    },
  );
});

describe('two auditors', () => {
  killInstancesAfterEach();

  // This test takes minutes: PostgreSQL must notice that the session of the stopped auditor is dead, and the restart counter must
  // be reset.
  it.runIf(faultRounds > 1)(
    'have one leading watchdog: when the leader hangs, the other takes over, gives up at its restart limit, and resets its counter after a success',
    { timeout: 400_000 },
    async () => {
      await waitUntilAllHealthy();
      const second = await startInstance('auditor', { WATCHDOG_RESTARTS: '2' });
      const pipelineSeenBySecond = async (): Promise<Pipeline> => {
        const body: unknown = await (await fetch(`${second.url}/pipelines`)).json();
        const reported: readonly Pipeline[] = Object(body).pipelines;
        const pipeline = reported.find(({ service }) => service === 'payment');
        if (!pipeline) throw new Error('there is no such pipeline');
        return pipeline;
      };
      const watchdog = async (condition: (state: Pipeline['watchdog']) => boolean) => {
        const { watchdog: state } = await pipelineSeenBySecond();
        if (!condition(state)) throw new Error(JSON.stringify(state));
        return true;
      };
      expect((await pipelineSeenBySecond()).watchdog.leads).toBe(false);
      expect((await paymentPipeline()).watchdog.leads).toBe(true);

      await signalPart('auditor', 'SIGSTOP');
      try {
        await eventually('the second auditor leads', () => watchdog(({ leads }) => leads), 45_000);
        await query('payment', (sql) => sql.unsafe(`alter role ${database.cdc} nologin`));
        await endWalSender();
        await eventually('the task fails', async () => (await taskOf('payment'))?.state === 'FAILED');
        await eventually('the watchdog gives up', () => watchdog(({ gaveUp }) => gaveUp), 60_000);
        const { problems, watchdog: state } = await pipelineSeenBySecond();
        expect(problems.map(({ problem }) => problem)).toContain('watchdog_gave_up');
        expect(state.restarts).toBe(2);
      } finally {
        await query('payment', (sql) => sql.unsafe(`alter role ${database.cdc} login`));
        await signalPart('auditor', 'SIGCONT');
      }
      await eventually('Connect accepts a manual restart', async () => {
        const restart = `${connectorUrl('payment')}/restart?includeTasks=true&onlyFailed=true`;
        return (await fetch(restart, { method: 'POST' })).ok;
      });
      await eventually('the counter is reset', () => watchdog(({ restarts }) => restarts === 0), 120_000);
      expect(await watchdog(({ leads, gaveUp }) => leads && !gaveUp)).toBe(true);
    },
  );
});
