// docker-compose.yml says in YAML what topology.ts and the parts of the embedded stack say in TypeScript; whatever is the same
// must stay the same, or an order would be safe in one of the two stacks only.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { targetsSchema } from '../../services/dashboard/parts-health.ts';
import { databaseUrlOf, healthTargets } from './boot.ts';
import { connectorEnvironment, workerSettings } from './connect.ts';
import { infrastructureNames } from './infrastructure.ts';
import { jobOf } from './jobs.ts';
import { brokerSettings } from './kafka.ts';
import { portsFrom } from './ports.ts';
import { serverSettings } from './postgres.ts';
import { registrySettings } from './registry.ts';
import {
  auditorHeapMiB,
  developmentPassword,
  edges,
  heaps,
  nodeHeapMiB,
  passwords,
  ports,
  registryPath,
  serviceNames,
  services as domain,
} from './topology.ts';

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly restart?: string;
  readonly healthcheck?: object;
  readonly mem_limit: string;
  readonly read_only?: boolean;
  readonly build?: { target: string };
}

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docker-compose.yml'), 'utf8');
const compose: { services: Record<string, Service>; volumes: Record<string, unknown> } = parse(text, {
  merge: true,
});
const jobNames = ['databases', 'topics', 'schemas', 'connectors'] as const;
/** Ends like a job and is none of ours. */
const chores = ['registry-volume'];

const serviceOf = (name: string): Service => {
  const service = compose.services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no ${name}`);
  return service;
};
const environmentOf = (name: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(serviceOf(name).environment ?? {}).map(([key, value]) => [key, String(value)]),
  );
/** With every variable at its default. */
const filled = (value: string): string => value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
const mebibytes = (limit: string): number => Number(/^(\d+)m$/.exec(limit)?.[1]);
const variable = (prefix: string, key: string): string =>
  `${prefix}${key.toUpperCase().replaceAll('.', '_')}`;

describe('docker-compose.yml', () => {
  it('has every part of the topology, the jobs, and nothing else', () => {
    expect(Object.keys(compose.services).toSorted()).toEqual(
      [...infrastructureNames, ...serviceNames, ...edges, ...jobNames, ...chores].toSorted(),
    );
  });

  it('publishes the ports of the topology under their variables, on loopback alone', () => {
    const published = Object.values(compose.services).flatMap((service) => service.ports ?? []);
    // Within its container nobody is in the way of these.
    const inside: readonly string[] = [
      ports.kafkaController,
      ports.connectMetrics,
      ports.registryManagement,
    ].map(({ env }) => env);
    const expected = Object.values(ports).filter(({ env }) => !inside.includes(env));
    expect(published.map((port) => port.slice(0, port.lastIndexOf(':'))).toSorted()).toEqual(
      expected.map(({ env, default: port }) => `127.0.0.1:\${${env}:-${port}}`).toSorted(),
    );
  });

  it('takes every password from its variable, with the one for development as default', () => {
    const known = Object.values(passwords).flatMap((variables) => Object.values(variables));
    const used = [...text.matchAll(/\$\{(\w*PASSWORD)(?::-([^}]*))?\}/g)];
    expect(new Set(used.map(([, name]) => name))).toEqual(new Set(known));
    for (const [, , fallback] of used) expect(fallback).toBe(developmentPassword);
  });

  it('bounds the memory of everything, starts again what runs, and knows when it is ready', () => {
    const ends = [...jobNames, ...chores];
    for (const [name, service] of Object.entries(compose.services)) {
      expect(mebibytes(service.mem_limit), name).toBeGreaterThan(0);
      expect(service.restart, name).toBe(ends.includes(name) ? undefined : 'unless-stopped');
      expect(service.healthcheck !== undefined, name).toBe(!ends.includes(name));
    }
    for (const name of [...serviceNames, ...edges]) {
      expect(mebibytes(serviceOf(name).mem_limit)).toBeLessThanOrEqual(512);
      expect(serviceOf(name)).toMatchObject({ read_only: true, build: { target: name } });
    }
  });

  it('waits for the end of what ends, or `up --wait` would take it for broken', () => {
    const waited = Object.values(compose.services).flatMap(({ depends_on: needs = {} }) =>
      Object.entries(needs).flatMap(([name, { condition }]) =>
        condition === 'service_completed_successfully' ? [name] : [],
      ),
    );
    expect(new Set(waited)).toEqual(new Set([...jobNames, ...chores]));
  });

  it('keeps in named volumes whatever survives a restart', () => {
    const mounted = Object.values(compose.services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(':')[0]),
    );
    expect(new Set(mounted)).toEqual(new Set(Object.keys(compose.volumes)));
    expect([...new Set(mounted)].toSorted()).toEqual(
      [
        ...serviceNames.map((service) => `${service}-db`),
        'kafka',
        'registry',
        'gateway',
        'dashboard',
      ].toSorted(),
    );
  });
});

describe('the parts in docker-compose.yml', () => {
  it.each(serviceNames)('%s-db has the settings of the embedded server', (service) => {
    const args = environmentOf(`${service}-db`)['POSTGRES_INITDB_ARGS'] ?? '';
    const given = Object.fromEntries(
      [...args.matchAll(/-c (\w+)=(?:'([^']*)'|(\S+))/g)].map(([, key, quoted, plain]) => [
        key,
        quoted ?? plain,
      ]),
    );
    expect(given).toEqual(serverSettings);
  });

  it('Kafka has the settings of the embedded broker', () => {
    const environment = environmentOf('kafka');
    for (const [key, value] of Object.entries(brokerSettings))
      expect(environment[variable('KAFKA_', key)], key).toBe(String(value));
    expect(environment['KAFKA_HEAP_OPTS']).toContain(`-Xmx${heaps.kafka}m`);
  });

  it('Connect has the settings of the embedded worker, and what the connectors refer to', () => {
    const environment = environmentOf('connect');
    // The image has names of its own for some.
    for (const [key, value] of Object.entries(workerSettings))
      expect(environment[variable('CONNECT_', key)] ?? environment[variable('', key)], key).toBe(
        String(value),
      );
    expect(environment['HEAP_OPTS']).toContain(`-Xmx${heaps.connect}m`);
    const wanted = Object.keys(connectorEnvironment(portsFrom({}), () => developmentPassword));
    const secretsAndPlaces = Object.keys(environment).filter((key) => /_DB_|PASSWORD/.test(key));
    expect(secretsAndPlaces.toSorted()).toEqual(wanted.toSorted());
    for (const service of serviceNames) {
      const prefix = service.toUpperCase();
      expect(environment).toMatchObject({
        [`${prefix}_DB_HOST`]: `${service}-db`,
        [`${prefix}_DB_PORT`]: '5432',
        [`${prefix}_DB_NAME`]: domain[service].database.database,
      });
    }
  });

  it('the registry has the settings of the embedded one', () => {
    const options = (environmentOf('registry')['JAVA_OPTS_APPEND'] ?? '').split(' ');
    for (const [key, value] of Object.entries(registrySettings))
      expect(options).toContain(`-D${key}=${value}`);
    expect(options).toContain(`-Xmx${heaps.registry}m`);
  });

  it('the services and the auditor log in with the roles they have in the embedded stack', () => {
    const urlOf = (service: (typeof serviceNames)[number], role: 'service' | 'auditor') =>
      databaseUrlOf(portsFrom({}), service, role, developmentPassword).replace(
        /@[^/]*/,
        `@${service}-db:5432`,
      );
    for (const service of serviceNames) {
      expect(filled(environmentOf(service)['DATABASE_URL'] ?? '')).toBe(urlOf(service, 'service'));
      expect(filled(environmentOf('auditor')[`${service.toUpperCase()}_DATABASE_URL`] ?? '')).toBe(
        urlOf(service, 'auditor'),
      );
      expect(environmentOf(service)['SCHEMA_REGISTRY_URL']).toMatch(new RegExp(`${registryPath}$`));
    }
  });

  it.each([...serviceNames, ...edges])(
    '%s listens on its port, with the heap of the embedded stack',
    (name) => {
      const { PORT, NODE_OPTIONS } = environmentOf(name);
      expect(Number(PORT)).toBe(ports[name].default);
      const heap = name === 'auditor' ? auditorHeapMiB : nodeHeapMiB;
      expect(NODE_OPTIONS).toBe(`--max-old-space-size=${heap}`);
      expect(mebibytes(serviceOf(name).mem_limit)).toBeGreaterThan(heap);
    },
  );

  it('the dashboard looks at what it looks at in the embedded stack', () => {
    const targets = targetsSchema.parse(JSON.parse(environmentOf('dashboard')['HEALTH_TARGETS'] ?? ''));
    const names = (list: readonly { name: string; kind: string }[]) =>
      list.map(({ name, kind }) => [name, kind]);
    expect(names(targets)).toEqual(names(healthTargets(portsFrom({}))));
  });

  it.each(jobNames)('the job %s is one that there is', (name) => {
    expect(jobOf(serviceOf(name).command ?? []).name).toBe(name);
  });
});
