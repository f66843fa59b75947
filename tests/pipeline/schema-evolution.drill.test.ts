// Follows schemas/EVOLUTION.md step by step in a copy of the project, with instances of both versions at the same time; then the
// registry loses its storage. The copy is the newest version, so the restore is done from it.
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
let tree: string;
let thing: ProductView;

interface CommandResult {
  readonly code: number;
  readonly output: string;
}
const inTree = async (command: string, args: readonly string[]): Promise<CommandResult> => {
  const options = { cwd: tree, env: { ...process.env, ...environment }, timeout: 120_000 };
  try {
    const { stdout, stderr } = await run(command, args, options);
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = Object(error);
    return { code, output: `${stdout}${stderr}` };
  }
};
const schemas = (...args: string[]): Promise<CommandResult> =>
  inTree(process.execPath, [join(tree, 'scripts', 'schemas.ts'), ...args]);

beforeAll(async () => {
  tree = mkdtempSync(join(tmpdir(), 'orderflow-next-'));
  for (const name of ['schemas', 'services', 'drizzle', 'scripts', 'package.json', 'tsconfig.json'])
    cpSync(join(root, name), join(tree, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  const git = (...args: string[]): Promise<CommandResult> => inTree('git', args);
  await git('init', '-q', '-b', 'main');
  await git('add', 'schemas', 'services');
  await git('-c', 'user.name=test', '-c', 'user.email=test@localhost', 'commit', '-qm', 'before');
  thing = await newProduct(10_000);
});
afterAll(() => {
  rmSync(tree, { recursive: true, force: true });
});
killInstancesAfterEach();

/** The code blocks of the guide, in order. */
const steps = [
  ...readFileSync(join(root, 'schemas', 'EVOLUTION.md'), 'utf8').matchAll(/^```(diff|sh)\n([\s\S]*?)^```/gm),
].map(([, kind = '', text = '']) => ({ kind, text }));

const placeAt = async (url: string): Promise<string> => {
  const response = await fetch(`${url}/api/v1/orders`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await tokenOf('user')}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      items: [{ productId: thing.id, quantity: 3 }],
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

/** The ids of order.created events that a process has handled, from its log. */
const handledIn = (log: string): Set<string> =>
  new Set(
    [...log.matchAll(/"message":"order\.created accepted".*?"eventId":"([^"]+)"/g)].map(([, id = '']) => id),
  );

describe('the guide to changing an event', () => {
  it('works step by step', { timeout: 240_000 }, async () => {
    const outputs: string[] = [];
    for (const { kind, text } of steps) {
      if (kind === 'diff') {
        writeFileSync(join(tree, 'step.diff'), text);
        const applied = await inTree('git', ['apply', 'step.diff']);
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
    const all = outputs.join('\n');
    expect(all).toMatch(/`units` \| added: `int`, default `0` \| yes \| yes/);
    expect(all).toMatch(/released order\.created v2: registry id 12/);
    expect(all).toMatch(/1 registered, 11 were there/);
    expect(all).toMatch(/12 releases have the recorded ids/);
  });

  it(
    'lets old and new instances work together: no event is lost or misread',
    { timeout: 240_000 },
    async () => {
      const next = await Promise.all(
        (['order', 'inventory', 'payment'] as const).map((service) => startInstance(service, {}, tree)),
      );
      const [order, inventory] = next;
      if (order === undefined || inventory === undefined) throw new Error('an instance is missing');
      const ids: string[] = [];
      // Repeated until each version has handled events of the other, because Kafka assigns the partitions.
      await eventually(
        'both versions have handled events of the other',
        async () => {
          for (let more = 0; more < 6; more += 1)
            ids.push(await placeAt(stack.urls.order), await placeAt(order.url));
          for (const id of ids) await orderWith(id, 'PAID', 60_000);
          const [byOld, byNew] = [handledIn(logOf('inventory')), handledIn(inventory.log())];
          const written = await readTopic('order-events');
          const idsOf = (schemaId: number): string[] =>
            written
              .filter(({ value }) => value !== null && unframe(value).schemaId === schemaId)
              .map((record) => header(record, 'id') ?? '');
          return idsOf(12).some((id) => byOld.has(id)) && idsOf(7).some((id) => byNew.has(id));
        },
        120_000,
      );
      await expectInvariants(ids);

      const registry = await client();
      const old = createEventCodec(registry.schemaId, registry.writerSchema);
      const newer: { readonly createEventCodec: typeof createEventCodec } = await import(
        pathToFileURL(join(tree, 'services', 'platform', 'event-codec', 'event-codec.ts')).href
      );
      const codec = newer.createEventCodec(registry.schemaId, registry.writerSchema);
      const mine = (await readTopic('order-events')).filter(
        (record) =>
          header(record, 'eventType') === 'order.created' && ids.includes(record.key?.toString() ?? ''),
      );
      expect(mine.length).toBe(ids.length);
      for (const { value } of mine) {
        if (value === null) throw new Error('a record has no value');
        const [seenByOld, seenByNew] = [await old.decode(value), await codec.decode(value)];
        const units = unframe(value).schemaId === 12 ? 3 : 0;
        expect(seenByOld.data).not.toHaveProperty('units');
        expect(seenByNew).toEqual({ ...seenByOld, data: { ...seenByOld.data, units } });
      }
    },
  );
});

describe('while the registry does not answer', () => {
  it(
    'an event with an unknown schema id waits and does not become a dead letter',
    { timeout: 120_000 },
    async () => {
      const next = await startInstance('order', {}, tree);
      // A restarted instance has only the schemas of its own code.
      await killHard('inventory');
      await eventually('inventory is ready again', () => isConnected(stack.urls.inventory), 60_000);
      const from = logOf('inventory').length;
      await signalPart('registry', 'SIGSTOP');
      let id: string;
      try {
        id = await placeAt(next.url);
        await eventually(
          'the event is retried',
          () =>
            Promise.resolve(/handling failed and is retried.*registry/.test(logOf('inventory').slice(from))),
          60_000,
        );
      } finally {
        await signalPart('registry', 'SIGCONT');
      }
      await orderWith(id, 'PAID', 60_000);
      const letters = await query('inventory', (sql) => sql`select id from dead_letters where key = ${id}`);
      expect(letters).toEqual([]);
      // Events of the other version are read too.
      const other = await orderOne(thing.id);
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
      const warm = await client();
      // Erased before the kill, because the supervisor restarts it at once.
      await eraseRegistry();
      await killHard('registry');

      const lost = await schemas('verify');
      expect(lost.code).toBe(1);
      expect(lost.output).toMatch(/the registry has lost everything: run `npm run schemas -- restore`/);

      // Instances with resolved ids go on; a new one waits and reports why.
      const { id } = await orderOne(thing.id);
      await orderWith(id, 'PAID');
      const cold = await spawnInstance('order');
      const unready = await eventually('the cold instance reports why it is not ready', async () => {
        const response = await fetch(`${cold.url}/health/ready`);
        return response.status === 503 && response.text();
      });
      expect(unready).toMatch(/not registered or not reachable: .*order\.created/);
      await expect(warm.writerSchema(5)).rejects.toThrow(DependencyUnavailable);
      await expect(warm.writerSchema(5)).rejects.toThrow(/the schema registry has lost its schemas/);

      const restored = await schemas('restore');
      expect(restored.code, restored.output).toBe(0);
      expect(restored.output).toMatch(/12 restored, 0 were there/);
      expect(restored.output).toMatch(/golden records of all versions are read through the registry/);
      expect((await schemas('verify')).output).toMatch(/12 releases have the recorded ids/);

      expect(await warm.writerSchema(5)).toBeDefined();
      await waitUntilReady(cold);
      const after = await placeAt(cold.url);
      await orderWith(after, 'PAID');
      const codec = createEventCodec(warm.schemaId, (await client()).writerSchema);
      for (const { value } of await readTopic('order-events')) {
        if (value === null) throw new Error('a record has no value');
        await codec.decode(value);
      }
      await expectInvariants([id, after]);
    },
  );
});
