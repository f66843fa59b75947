// Tests with a real schema registry: it accepts only compatible changes; registerSchemas writes nothing if a schema would get
// another id than the recorded id; and the subjects are protected even if the registry was started without compatibility rules.
// The tests start separate registries in temporary folders, so that they use up no schema ids of the stack.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { artefactsFolder } from '../../scripts/stack/parts/artefacts.ts';
import { findJdk } from '../../scripts/stack/parts/java.ts';
import { freePorts } from '../../scripts/stack/ports.ts';
import { registryPart } from '../../scripts/stack/parts/registry.ts';
import type { RegistryAddress } from '../../schemas/tools/registry-http.ts';
import { createSupervisor, type Supervisor } from '../../scripts/stack/supervise/supervisor.ts';
import { registryPath } from '../../scripts/stack/topology.ts';
import { describeOwnParts } from '../stack/worker-stack.ts';
import { identityOf, textOf } from '../../schemas/tools/avro.ts';
import { kindsOfChange, parcel } from '../../schemas/tools/review/changes.ts';
import {
  readGoldenBytes,
  registerSchemas,
  readReleaseStates,
  wouldAccept,
} from '../../schemas/tools/registry.ts';
import { readContract, subjectOf, type Contract } from '../../schemas/tools/releases.ts';

const started: { readonly supervisor: Supervisor; readonly dataDir: string }[] = [];
afterAll(async () => {
  for (const { supervisor, dataDir } of started) {
    await supervisor.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

/** Starts an empty registry: with the compatibility rules of the stack, or without any, which is the default of Apicurio. */
const startEmptyRegistry = async (withRules = true): Promise<RegistryAddress> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'orderflow-registry-'));
  const supervisor = await createSupervisor(dataDir, () => undefined);
  started.push({ supervisor, dataDir });
  const ports = await freePorts();
  const part = registryPart({
    artefacts: artefactsFolder(),
    jdk: findJdk(),
    port: ports.registry,
    managementPort: ports.registryManagement,
    dataDir: join(dataDir, 'registry'),
  });
  const command = (): ReturnType<typeof part.command> => {
    const { args, ...rest } = part.command();
    return { ...rest, args: withRules ? args : args.filter((arg) => !arg.includes('apicurio.rules')) };
  };
  await supervisor.start({ ...part, command });
  return { url: `http://127.0.0.1:${ports.registry}${registryPath}` };
};

const post = async (url: string, body: unknown): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
};
const registerVersion = ({ url }: RegistryAddress, schema: typeof parcel) =>
  post(`${url}/subjects/${subjectOf(schema)}/versions`, { schema: textOf(schema), schemaType: 'AVRO' });

const contract = readContract();

describeOwnParts('a registry with the rules of the stack', () => {
  let registry: RegistryAddress;
  beforeAll(async () => {
    registry = await startEmptyRegistry();
  });

  it('registers all releases with the recorded ids, and registers nothing the second time', async () => {
    const firstRun = await registerSchemas(registry, contract);
    expect(firstRun).toMatchObject({ registered: contract.releases.length, unchanged: 0 });
    const secondRun = await registerSchemas(registry, contract);
    expect(secondRun).toMatchObject({ registered: 0, unchanged: contract.releases.length });
    const found = await readReleaseStates(registry, contract.releases);
    expect(new Set(found.map(({ state }) => state))).toEqual(new Set(['registered']));
  });

  it('serves schemas that decode the golden bytes of every version', async () => {
    expect(await readGoldenBytes(registry, contract)).toBeGreaterThan(contract.releases.length);
  });

  it('gives the next schema the next id: the dry run of registerSchemas has used up no id', async () => {
    const registered = await registerVersion(registry, parcel);
    expect(registered.body).toMatchObject({ id: contract.releases.length + 1 });
  });

  it.each(kindsOfChange)(
    'accepts exactly the changes that changes.ts marks as accepted: $name',
    async ({ change, verdict, registered = verdict === 'FULL' }) => {
      expect(await wouldAccept(registry, subjectOf(parcel), textOf(change(parcel)))).toBe(registered);
    },
  );

  it.each(kindsOfChange.filter(({ name }) => name !== 'change nothing'))(
    'has no id for the changed schema, unless only its documentation, aliases or enum defaults differ: $name',
    async ({ change }) => {
      const body = { schema: textOf(change(parcel)), schemaType: 'AVRO' };
      const found = await post(`${registry.url}/subjects/${subjectOf(parcel)}`, body);
      expect(found.status).toBe(identityOf(change(parcel)) === identityOf(parcel) ? 200 : 404);
    },
  );

  it('refuses to register an incompatible version, and stores nothing', async () => {
    const removed = { ...parcel, fields: parcel.fields.filter(({ name }) => name !== 'orderId') };
    expect((await registerVersion(registry, removed)).status).toBe(409);
    const versions = await fetch(`${registry.url}/subjects/${subjectOf(parcel)}/versions`);
    expect(await versions.json()).toEqual([1]);
  });

  it('does not receive a schema version that is not released', async () => {
    const [first, ...others] = contract.workingSchemas;
    if (first === undefined) throw new Error('there is no event');
    const fields = [...first.fields, { name: 'note', type: 'string', default: '', doc: 'Note.' }];
    const changed: Contract = { ...contract, workingSchemas: [{ ...first, fields }, ...others] };
    await expect(registerSchemas(registry, changed)).rejects.toThrow(/has changes that are not released/);
  });

  it('receives nothing if it would assign a release another id than the recorded id', async () => {
    const [last] = contract.releases.slice(-1);
    if (last === undefined) throw new Error('there is no release');
    // The registry has already assigned the next id to the parcel schema.
    const field = {
      name: 'note',
      type: 'string',
      default: '',
      doc: 'A field that the registry does not know.',
    };
    const schema = { ...last.schema, fields: [...last.schema.fields, field] };
    const next = { ...last, id: last.id + 1, version: last.version + 1, schema };
    const workingSchemas = contract.workingSchemas.map((known) =>
      known.eventType === last.event ? schema : known,
    );
    const withNextRelease: Contract = { ...contract, workingSchemas, releases: [...contract.releases, next] };
    await expect(registerSchemas(registry, withNextRelease)).rejects.toThrow(
      new RegExp(`its id ${next.id} is that of ${subjectOf(parcel)}, so records .* nothing was registered`),
    );
    const [releaseState] = await readReleaseStates(registry, [next]);
    expect(releaseState?.state).toBe('id taken');
  });
});

describeOwnParts('a registry that was started without rules', () => {
  let registry: RegistryAddress;
  beforeAll(async () => {
    registry = await startEmptyRegistry(false);
  });

  it('enforces the compatibility mode of a subject of the contract, and accepts any schema for another subject', async () => {
    await registerSchemas(registry, contract);
    const [first] = contract.releases;
    if (first === undefined) throw new Error('there is no release');
    const incompatibleRelease = { ...first.schema, fields: first.schema.fields.slice(0, -1) };
    expect(await wouldAccept(registry, subjectOf(first.schema), textOf(incompatibleRelease))).toBe(false);
    await registerVersion(registry, parcel);
    const incompatibleParcel = { ...parcel, fields: parcel.fields.filter(({ name }) => name !== 'orderId') };
    expect(await wouldAccept(registry, subjectOf(parcel), textOf(incompatibleParcel))).toBe(true);
  });
});
