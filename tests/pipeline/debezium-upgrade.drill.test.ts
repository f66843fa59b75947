// Follows connectors/runbooks/debezium-upgrade.md step by step while orders are placed, on a second worker that starts with the
// previous minor version of Debezium. The test starts a worker twice and is slow, so it runs only with FAULT_ROUNDS above 1:
// `FAULT_ROUNDS=5 npm test -- debezium-upgrade`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createSecondWorker, type SecondWorker } from '../stack/second-worker.ts';
import { ports, serviceNames, services, type ServiceName } from '../../scripts/stack/topology.ts';
import { doctor, runCommand } from '../support/commands.ts';
import { expectInvariants, expectEventsInCommitOrder } from '../support/invariants.ts';
import { header, readTopic, type LogRecord } from '../support/kafka-log.ts';
import { faultRounds, newProduct, orderOne, orderWith, query, stack } from '../support/shop.ts';

const startedAt = performance.now();
const report: string[] = [];
const note = (what: string): void => {
  report.push(`${what}: at ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
};

/** The commands of the runbook, from top to bottom. */
const commands = [
  ...readFileSync(
    join(import.meta.dirname, '..', '..', 'connectors', 'runbooks', 'debezium-upgrade.md'),
    'utf8',
  ).matchAll(/^ *(npm .+)$/gm),
].map(([, command = '']) => command);

let worker: SecondWorker;
/** Environment variables that direct the commands to the worker of this test. */
let workerEnvironment: Readonly<Record<string, string>>;
const onWorker = async (...args: readonly string[]): Promise<string> => {
  const { code, output } = await runCommand('connectors', args, workerEnvironment);
  expect(code, output).toBe(0);
  return output;
};
const onStack = async (...args: readonly string[]): Promise<void> => {
  const { code, output } = await runCommand('connectors', args);
  expect(code, output).toBe(0);
};

const debeziumOf = async (): Promise<unknown> => {
  const plugins: unknown = await (await fetch(`http://127.0.0.1:${worker.port}/connector-plugins`)).json();
  return Array.isArray(plugins)
    ? plugins.find((plugin) => String(Object(plugin).class).endsWith('.PostgresConnector'))?.version
    : undefined;
};
/** Without the state of the slots, which changes with every write to the WAL. */
const storedOffsetsShape = z.record(z.string(), z.object({ stored: z.array(z.unknown()) }));
const readStoredOffsets = async (): Promise<unknown> =>
  storedOffsetsShape.parse(JSON.parse(await onWorker('offsets', 'get', '--json')));

const idsOnTopics = async (): Promise<(string | undefined)[]> =>
  (await Promise.all(serviceNames.map((service) => readTopic(services[service].topic))))
    .flat()
    .map((record) => header(record, 'id'));

/** The records of the given orders, by event id. Fails if an event was published twice. */
const recordsOf = async (
  service: ServiceName,
  orderIds: ReadonlySet<string>,
): Promise<Map<string, LogRecord>> => {
  const records = (await readTopic(services[service].topic)).filter(({ key }) => orderIds.has(String(key)));
  const byId = new Map(records.map((record) => [header(record, 'id') ?? '', record]));
  expect(byId.size).toBe(records.length);
  return byId;
};

describe.skipIf(faultRounds === 1)('an upgrade of Debezium with the runbook, while orders are placed', () => {
  let productId: string;
  const [ordersBefore, ordersDuring, ordersAfter]: [string[], string[], string[]] = [[], [], []];
  const placeOrder = async (): Promise<string> => (await orderOne(productId)).id;

  beforeAll(async () => {
    productId = (await newProduct(10_000)).id;
    worker = await createSecondWorker(stack.ports);
    workerEnvironment = {
      [ports.connect.env]: String(worker.port),
      [ports.connectMetrics.env]: String(worker.metricsPort),
    };
    await Promise.all([onStack('stop'), worker.startWith('previous-connect-plugins')]);
    await onWorker('apply');
    note('the pipelines run with the previous version');
  }, 120_000);

  afterAll(async () => {
    // Stop the second worker, because a slot can have only one reader.
    await runCommand('connectors', ['stop'], workerEnvironment);
    await worker.stop();
    // The stored offsets of the stack's worker are older than the confirmed positions of the slots, so they are reset.
    for (const service of serviceNames)
      await onStack('offsets', 'reset', '--yes', '--connector', services[service].connector);
    await onStack('resume');
    await orderWith(await placeOrder(), 'PAID', 60_000);
    const all = [...ordersBefore, ...ordersDuring, ...ordersAfter];
    await expectInvariants(all);
    const { code, sentences } = await doctor();
    expect(code, sentences).toBe(0);
    note('the stack is restored');
    process.stderr.write(`${report.join('\n')}\n`);
  }, 240_000);

  it('loses and repeats no event, takes no snapshot, and keeps the offsets and the payloads', async () => {
    const previousVersion = await debeziumOf();
    for (let index = 0; index < 5; index += 1) ordersBefore.push(await placeOrder());
    await Promise.all(ordersBefore.map((id) => orderWith(id, 'PAID', 60_000)));
    const published = await idsOnTopics();

    const writing = new AbortController();
    const writer = (async () => {
      while (!writing.signal.aborted) {
        ordersDuring.push(await placeOrder());
        await delay(200);
      }
    })();
    let hasUpgraded = false;
    const storedOffsets: unknown[] = [];
    const runStep = async (command: string): Promise<void> => {
      note(command);
      const [, script = '', name = '', , ...args] = command.split(' ');
      // The last step of the runbook runs other tests, which this test does not run.
      if (script === 'test') return;
      if (script === 'start') {
        storedOffsets.push(await readStoredOffsets());
        await worker.startWith('connect-plugins');
        hasUpgraded = true;
        storedOffsets.push(await readStoredOffsets());
        return;
      }
      if (name === 'doctor') {
        const { findings } = await doctor(workerEnvironment);
        const broken = findings.filter(({ level }) => level === 'broken').map(({ sentence }) => sentence);
        expect(broken).toEqual(
          hasUpgraded ? [] : [expect.stringContaining(`Debezium is ${String(previousVersion)}`)],
        );
        return;
      }
      if (name !== 'connectors') throw new Error(`the drill does not know ${command}`);
      await onWorker(...args);
    };
    try {
      for (const command of commands) await runStep(command);
    } finally {
      writing.abort();
      await writer;
    }
    for (let index = 0; index < 5; index += 1) ordersAfter.push(await placeOrder());
    const all = [...ordersBefore, ...ordersDuring, ...ordersAfter];
    await Promise.all(all.map((id) => orderWith(id, 'PAID', 60_000)));
    note(`${all.length} orders are PAID`);

    const currentVersion = await debeziumOf();
    expect([previousVersion, currentVersion]).toEqual([
      expect.stringMatching(/^3\.6\./),
      expect.stringMatching(/^3\.7\./),
    ]);
    // The new version continued from the offsets of the old version and has advanced them since.
    const [offsetsBefore, offsetsAfter] = storedOffsets;
    expect(offsetsAfter).toEqual(offsetsBefore);
    expect(offsetsBefore).toMatchObject({ 'order-outbox': { stored: [{ lsn: expect.any(String) }] } });
    expect(await readStoredOffsets()).not.toEqual(offsetsAfter);

    // Each event was published once, in commit order. A snapshot would have published the whole outbox again.
    await expectEventsInCommitOrder(all);
    const publishedBefore = new Set(published);
    expect((await idsOnTopics()).filter((id) => publishedBefore.has(id))).toHaveLength(published.length);

    const [headersOf, ids] = [new Map<string, Set<string>>(), new Set(all)];
    for (const service of serviceNames) {
      const records = await recordsOf(service, ids);
      const rows = await query<{ id: string; payload: Buffer; event_type: string }>(
        service,
        (sql) => sql`select id, payload, event_type from outbox where aggregate_id in ${sql(all)}`,
      );
      for (const { id, payload, event_type: type } of rows) {
        const record = records.get(id);
        expect(record?.value?.equals(payload), `the payload of ${type} ${id}`).toBe(true);
        const names = Object.keys(record?.headers ?? {}).sort();
        headersOf.set(type, (headersOf.get(type) ?? new Set()).add(names.join()));
      }
    }
    expect([...headersOf.keys()].sort()).toEqual([
      'inventory.reserved',
      'order.created',
      'payment.succeeded',
    ]);
    for (const [type, names] of headersOf) expect([...names], type).toHaveLength(1);
  }, 240_000);
});
