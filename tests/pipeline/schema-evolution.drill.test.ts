// Follows schemas/EVOLUTION.md step by step in a copy of the project, while instances of both versions run. Then the registry loses
// its storage. The copy contains the newest schemas, so the registry is restored from the copy.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker } from '../../scripts/stack/parts/docker.ts';
import { createEventCodec, unframe } from '../../services/platform/event-codec/event-codec.ts';
import { createLogger } from '../../services/platform/process/logger.ts';
import { createRegistryClient } from '../../services/platform/event-codec/schema-registry.ts';
import { DependencyUnavailable } from '../../services/platform/database/transient.ts';
import { environment } from '../support/commands.ts';
import {
  killInstancesAfterEach,
  waitUntilReady,
  isConnected,
  spawnInstance,
  startInstance,
} from '../support/instances.ts';
import { expectInvariants } from '../support/invariants.ts';
import { header, readTopic } from '../support/kafka-log.ts';
import {
  eventually,
  killHard,
  newProduct,
  orderOne,
  orderWith,
  query,
  signalPart,
  stack,
  tokenOf,
  type ProductView,
} from '../support/shop.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const logger = createLogger({ service: 'test', level: 'error' });
let projectCopy: string;
let testProduct: ProductView;

interface CommandResult {
  readonly code: number;
  readonly output: string;
}
const runInCopy = async (command: string, args: readonly string[]): Promise<CommandResult> => {
  const options = { cwd: projectCopy, env: { ...process.env, ...environment }, timeout: 120_000 };
  try {
    const { stdout, stderr } = await run(command, args, options);
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = Object(error);
    return { code, output: `${stdout}${stderr}` };
  }
};
const schemas = (...args: string[]): Promise<CommandResult> =>
  runInCopy(process.execPath, [join(projectCopy, 'scripts', 'schemas.ts'), ...args]);

beforeAll(async () => {
  projectCopy = mkdtempSync(join(tmpdir(), 'orderflow-next-'));
  for (const name of ['schemas', 'services', 'drizzle', 'scripts', 'package.json', 'tsconfig.json'])
    cpSync(join(root, name), join(projectCopy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(projectCopy, 'node_modules'));
  const git = (...args: string[]): Promise<CommandResult> => runInCopy('git', args);
  await git('init', '-q', '-b', 'main');
  await git('add', 'schemas', 'services');
  await git('-c', 'user.name=test', '-c', 'user.email=test@localhost', 'commit', '-qm', 'before');
  testProduct = await newProduct(10_000);
});
afterAll(() => {
  rmSync(projectCopy, { recursive: true, force: true });
});
killInstancesAfterEach();

/** The code blocks of the guide, from top to bottom. */
const steps = [
  ...readFileSync(join(root, 'schemas', 'EVOLUTION.md'), 'utf8').matchAll(/^```(diff|sh)\n([\s\S]*?)^```/gm),
].map(([, kind = '', text = '']) => ({ kind, text }));

const placeAt = async (url: string): Promise<string> => {
  const response = await fetch(`${url}/api/v1/orders`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await tokenOf('user')}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      items: [{ productId: testProduct.id, quantity: 3 }],
      payment: { mode: 'AUTO', method: 'card' },
    }),
  });
  expect(response.status).toBe(201);
  const { id }: { id: string } = Object(await response.json());
  return id;
};

const client = async () => {
  const registry = createRegistryClient(stack.urls.registry, logger);
  await registry.resolveIds(['order.created'], AbortSignal.timeout(20_000));
  return registry;
};

const logOf = (name: string): string => readFileSync(join(stack.dataDir, 'logs', `${name}.log`), 'utf8');

/** The schema ids of order.created. */
const schemaIds = { v1: 7, v2: 12 };

/** The ids of the order.created events that an instance has handled, according to its log. */
const handledIn = (log: string): Set<string> =>
  new Set(
    [...log.matchAll(/"message":"order\.created accepted".*?"eventId":"([^"]+)"/g)].map(([, id = '']) => id),
  );

describe('the guide EVOLUTION.md', () => {
  it('can be followed step by step', { timeout: 240_000 }, async () => {
    const outputs: string[] = [];
    for (const { kind, text } of steps) {
      if (kind === 'diff') {
        writeFileSync(join(projectCopy, 'step.diff'), text);
        const applied = await runInCopy('git', ['apply', 'step.diff']);
        expect(applied, text).toEqual({ code: 0, output: '' });
        continue;
      }
      for (const line of text.trim().split('\n')) {
        const [verb = '', ...args] = line.replace('npm run schemas -- ', '').split(' ');
        const { code, output } = await schemas(verb, ...args);
        expect(code, `${line}: ${output}`).toBe(0);
        outputs.push(output);
      }
    }
    const allOutput = outputs.join('\n');
    expect(allOutput).toMatch(/`units` \| added: `int`, default `0` \| yes \| yes/);
    expect(allOutput).toMatch(/released order\.created v2: registry id 12/);
    expect(allOutput).toMatch(/1 registered, 11 were there/);
    expect(allOutput).toMatch(/12 releases have the recorded ids/);
  });

  it(
    'lets old and new instances run at the same time: no event is lost or misread',
    { timeout: 240_000 },
    async () => {
      const newInstances = await Promise.all(
        (['order', 'inventory', 'payment'] as const).map((service) =>
          startInstance(service, {}, projectCopy),
        ),
      );
      const [order, inventory] = newInstances;
      if (order === undefined || inventory === undefined) throw new Error('an instance is missing');
      const ids: string[] = [];
      // Repeated until each version has handled events of the other version, because the test cannot choose the partitions.
      await eventually(
        'both versions have handled events of the other version',
        async () => {
          for (let count = 0; count < 6; count += 1)
            ids.push(await placeAt(stack.urls.order), await placeAt(order.url));
          for (const id of ids) await orderWith(id, 'PAID', 60_000);
          const [byOld, byNew] = [handledIn(logOf('inventory')), handledIn(inventory.log())];
          const written = await readTopic('order-events');
          const idsOf = (schemaId: number): string[] =>
            written
              .filter(({ value }) => value !== null && unframe(value).schemaId === schemaId)
              .map((record) => header(record, 'id') ?? '');
          return (
            idsOf(schemaIds.v2).some((id) => byOld.has(id)) && idsOf(schemaIds.v1).some((id) => byNew.has(id))
          );
        },
        120_000,
      );
      await expectInvariants(ids);

      const registry = await client();
      const oldCodec = createEventCodec(registry.schemaId, registry.writerSchema);
      const nextVersion: { readonly createEventCodec: typeof createEventCodec } = await import(
        pathToFileURL(join(projectCopy, 'services', 'platform', 'event-codec', 'event-codec.ts')).href
      );
      const newCodec = nextVersion.createEventCodec(registry.schemaId, registry.writerSchema);
      const ownRecords = (await readTopic('order-events')).filter(
        (record) =>
          header(record, 'eventType') === 'order.created' && ids.includes(record.key?.toString() ?? ''),
      );
      expect(ownRecords.length).toBe(ids.length);
      for (const { value } of ownRecords) {
        if (value === null) throw new Error('a record has no value');
        const [readByOld, readByNew] = [await oldCodec.decode(value), await newCodec.decode(value)];
        const units = unframe(value).schemaId === schemaIds.v2 ? 3 : 0;
        expect(readByOld.data).not.toHaveProperty('units');
        expect(readByNew).toEqual({ ...readByOld, data: { ...readByOld.data, units } });
      }
    },
  );
});

describe('while the registry does not respond', () => {
  it(
    'an event with an unknown schema id waits and does not become a dead letter',
    { timeout: 120_000 },
    async () => {
      const newInstance = await startInstance('order', {}, projectCopy);
      // After a restart an instance knows only the schemas in its own code.
      await killHard('inventory');
      await eventually('inventory is ready again', () => isConnected(stack.urls.inventory), 60_000);
      const logStart = logOf('inventory').length;
      await signalPart('registry', 'SIGSTOP');
      let id: string;
      try {
        id = await placeAt(newInstance.url);
        await eventually(
          'the event is retried',
          () =>
            Promise.resolve(
              /handling failed and is retried.*registry/.test(logOf('inventory').slice(logStart)),
            ),
          60_000,
        );
      } finally {
        await signalPart('registry', 'SIGCONT');
      }
      await orderWith(id, 'PAID', 60_000);
      const letters = await query('inventory', (sql) => sql`select id from dead_letters where key = ${id}`);
      expect(letters).toEqual([]);
      // The restarted inventory also reads an event of its own version.
      const other = await orderOne(testProduct.id);
      await orderWith(other.id, 'PAID', 60_000);
      await expectInvariants([id, other.id]);
    },
  );
});

const eraseRegistry = async (): Promise<void> => {
  const container = stack.containers['registry'];
  if (container !== undefined) {
    await docker('exec', container, 'sh', '-c', 'rm -r /var/lib/registry/*');
    return;
  }
  const folder = join(stack.dataDir, 'registry');
  for (const file of readdirSync(folder)) rmSync(join(folder, file), { recursive: true, force: true });
};

describe('after the registry has lost its storage', () => {
  it(
    'the loss is reported, no event is misread or dead-lettered, and a restore gives the same ids',
    { timeout: 240_000 },
    async () => {
      const resolvedClient = await client();
      // The storage is deleted before the kill, because the supervisor restarts the registry at once.
      await eraseRegistry();
      await killHard('registry');

      const lost = await schemas('verify');
      expect(lost.code).toBe(1);
      expect(lost.output).toMatch(/the registry has lost everything: run `npm run schemas -- restore`/);

      // Instances with resolved ids continue. A new instance waits and reports the reason.
      const { id } = await orderOne(testProduct.id);
      await orderWith(id, 'PAID');
      const newInstance = await spawnInstance('order');
      const unready = await eventually('the new instance reports why it is not ready', async () => {
        const response = await fetch(`${newInstance.url}/health/ready`);
        return response.status === 503 && response.text();
      });
      expect(unready).toMatch(
        /the schemas are not registered or the registry is not reachable: .*order\.created/,
      );
      await expect(resolvedClient.writerSchema(5)).rejects.toThrow(DependencyUnavailable);
      await expect(resolvedClient.writerSchema(5)).rejects.toThrow(
        /the schema registry has lost its schemas/,
      );

      const restored = await schemas('restore');
      expect(restored.code, restored.output).toBe(0);
      expect(restored.output).toMatch(/12 restored, 0 were there/);
      expect(restored.output).toMatch(/golden records of all versions are read through the registry/);
      expect((await schemas('verify')).output).toMatch(/12 releases have the recorded ids/);

      expect(await resolvedClient.writerSchema(5)).toBeDefined();
      await waitUntilReady(newInstance);
      const laterOrder = await placeAt(newInstance.url);
      await orderWith(laterOrder, 'PAID');
      const codec = createEventCodec(resolvedClient.schemaId, (await client()).writerSchema);
      for (const { value } of await readTopic('order-events')) {
        if (value === null) throw new Error('a record has no value');
        await codec.decode(value);
      }
      await expectInvariants([id, laterOrder]);
    },
  );
});
