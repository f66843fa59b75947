// docker-compose.yml says in YAML what topology.ts and the parts of the embedded stack say in TypeScript; whatever is the same
// must stay the same, or an order would be safe in one of the two stacks only.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { targetsSchema } from '../../services/dashboard/server/parts-health.ts';
import { databaseUrlOf } from './addresses.ts';
import { healthTargets } from './node-parts.ts';
import { connectorEnvironment, workerSettings } from './parts/connect.ts';
import { infrastructureNames } from './parts/infrastructure.ts';
import { jobOf } from './provision/jobs.ts';
import { brokerSettings } from './parts/kafka.ts';
import { portsFrom } from './ports.ts';
import { serverSettings } from './parts/postgres.ts';
import { registrySettings } from './parts/registry.ts';
import {
  auditorHeapMiB,
  cluster,
  developmentPassword,
  edges,
  heaps,
  nodeHeapMiB,
  passwords,
  ports,
  portsOfProfiles,
  registryPath,
  serviceNames,
  services as domain,
} from './topology.ts';

interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly networks?: { readonly default: { readonly aliases: readonly string[] } };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly restart?: string;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
  readonly mem_limit: string;
  readonly read_only?: boolean;
  readonly build?: { target: string };
  readonly pull_policy?: string;
}

const root = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose: { services: Record<string, Service>; volumes: Record<string, unknown> } = parse(text, {
  merge: true,
  // The file is our own, so its aliases are no attack.
  maxAliasCount: -1,
});
const jobNames = ['databases', 'topics', 'schemas', 'connectors', 'replication'] as const;
/** Ends like a job and is none of ours. */
const chores = ['registry-volume', 'connect-agent'];

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

/** The further instances of the profile `cluster`, by the part that they are another one of. */
const seconds = {
  kafka: ['kafka-2', 'kafka-3'],
  connect: ['connect-2'],
  order: ['order-2'],
  inventory: ['inventory-2'],
  payment: ['payment-2'],
} as const;
const further = Object.entries(seconds).flatMap(([first, names]) =>
  names.map((name): [string, string] => [name, first]),
);
const onlookers = ['prometheus', 'grafana', 'jaeger'] as const;

describe('docker-compose.yml', () => {
  it('has every part of the topology, the jobs, what its profiles add, and nothing else', () => {
    const of = (profile?: string) =>
      Object.entries(compose.services)
        .filter(([, { profiles = [] }]) => profiles[0] === profile && profiles.length < 2)
        .map(([name]) => name)
        .toSorted();
    const core = jobNames.filter((name) => name !== 'replication');
    expect(of()).toEqual([...infrastructureNames, ...serviceNames, ...edges, ...core, ...chores].toSorted());
    expect(of('cluster')).toEqual([...further.map(([name]) => name), 'replication'].toSorted());
    expect(of('observability')).toEqual(onlookers.toSorted());
  });

  it("builds what is its own and never pulls it: the name may be anybody's at a public registry", () => {
    for (const [name, { build, image = '', pull_policy }] of Object.entries(compose.services))
      if (build !== undefined || image.startsWith('orderflow/'))
        expect([name, pull_policy, build === undefined]).toEqual([name, 'build', false]);
  });

  it('publishes the ports of the topology under their variables, on loopback alone', () => {
    const published = Object.values(compose.services).flatMap((service) => service.ports ?? []);
    // Within its container nobody is in the way of these.
    const inside: readonly string[] = [ports.kafkaController, ports.registryManagement].map(({ env }) => env);
    const expected = [...Object.values(ports), ...portsOfProfiles].filter(({ env }) => !inside.includes(env));
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

  it('bounds the log of everything, and starts no Node process to see whether another one is well', () => {
    for (const [name, { logging, healthcheck }] of Object.entries(compose.services)) {
      expect(logging?.options, name).toMatchObject({ 'max-size': '10m', 'max-file': '3' });
      expect(healthcheck?.test ?? [], name).not.toContain('node');
    }
  });

  it('bounds the memory of everything, starts again what runs, and knows when it is ready', () => {
    const ends = [...jobNames, ...chores];
    for (const [name, service] of Object.entries(compose.services)) {
      expect(mebibytes(service.mem_limit), name).toBeGreaterThan(0);
      expect(service.restart, name).toBe(ends.includes(name) ? undefined : 'unless-stopped');
      expect(service.healthcheck !== undefined, name).toBe(!ends.includes(name));
    }
    for (const name of [...serviceNames, ...edges, ...onlookers])
      expect(mebibytes(serviceOf(name).mem_limit)).toBeLessThanOrEqual(512);
    for (const name of [...serviceNames, ...edges]) {
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
      volumes.map((volume) => volume.split(':')[0] ?? '').filter((volume) => !volume.startsWith('./')),
    );
    expect(new Set(mounted)).toEqual(new Set(Object.keys(compose.volumes)));
    expect([...new Set(mounted)].toSorted()).toEqual(
      [
        ...serviceNames.map((service) => `${service}-db`),
        'kafka',
        'kafka-2',
        'kafka-3',
        'connect-agent',
        'registry',
        'gateway',
        'dashboard',
        'prometheus',
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

  /** What a value comes to when nothing is set in `.env`. */
  const byDefault = (value: string | undefined): string | undefined =>
    value?.replace(/^\$\{\w+:-(.*)\}$/, '$1');

  it('Connect has the settings of the embedded worker, and what the connectors refer to', () => {
    const environment = environmentOf('connect');
    // The image has names of its own for some.
    for (const [key, value] of Object.entries(workerSettings))
      expect(byDefault(environment[variable('CONNECT_', key)] ?? environment[variable('', key)]), key).toBe(
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

  it.each([...serviceNames, 'gateway'])(
    '%s tells its spans to the endpoint that the environment names, else to nobody',
    (name) => {
      expect(environmentOf(name)['OTEL_EXPORTER_OTLP_ENDPOINT']).toBe('${OTEL_EXPORTER_OTLP_ENDPOINT:-}');
    },
  );

  it('Connect shows its figures in the short list of the embedded worker, by the same agent', () => {
    const [, jar, port, list] =
      /^-javaagent:([^=]+)=(\d+):(.+)$/.exec(environmentOf('connect')['KAFKA_OPTS'] ?? '') ?? [];
    expect(serviceOf('connect').volumes).toEqual([
      `connect-agent:${dirname(jar ?? '')}:ro`,
      `./connectors/jmx-exporter.yaml:${list}:ro`,
    ]);
    expect(Number(port)).toBe(ports.connectMetrics.default);
    const versionIn = (file: string, pattern: RegExp): string | undefined =>
      pattern.exec(readFileSync(join(root, file), 'utf8'))?.[1];
    expect(versionIn('deploy/Dockerfile', /JMX_EXPORTER_VERSION=(\S+)/)).toBe(
      versionIn('scripts/stack/parts/pom.xml', /<jmx-exporter\.version>([^<]+)</),
    );
  });

  it.each(jobNames)('the job %s is one that there is', (name) => {
    expect(jobOf(serviceOf(name).command ?? []).name).toBe(name);
  });
});

describe('the profile cluster', () => {
  it('makes as many brokers as there are replicas, and more than have to be in sync', () => {
    expect(1 + seconds.kafka.length).toBe(cluster.brokers);
    expect(cluster.replicationFactor).toBe(cluster.brokers);
    expect(cluster.minInSync).toBeLessThan(cluster.replicationFactor);
  });

  it.each(further)('%s is another %s, which is found by the same name', (name, first) => {
    const {
      depends_on: needs,
      networks,
      profiles,
      ports: own,
      environment,
      volumes,
      ...rest
    } = serviceOf(name);
    const model = serviceOf(first);
    expect(model).toMatchObject(rest);
    expect(Object.keys(model).filter((key) => !(key in serviceOf(name)))).toEqual([]);
    expect(networks?.default.aliases).toEqual([first]);
    expect(profiles).toEqual(['cluster']);
    expect(own).not.toEqual(model.ports);
    if (first === 'kafka') return;
    expect(environment).toEqual(model.environment);
    expect(volumes).toEqual(model.volumes);
    expect(needs).toMatchObject(model.depends_on ?? {});
  });

  it.each(['kafka', ...seconds.kafka])(
    '%s is a broker with a name, a number and a volume of its own',
    (name) => {
      const environment = environmentOf(name);
      const number = environment['KAFKA_NODE_ID'] ?? '';
      const own = `kafka-${number}`;
      expect(environment['KAFKA_ADVERTISED_LISTENERS']).toMatch(
        new RegExp(`^PLAINTEXT://${own}:9092,HOST://127\\.0\\.0\\.1:[^,]+,CONTROLLER://${own}:9093$`),
      );
      expect([name, ...(serviceOf(name).networks?.default.aliases ?? [])]).toContain(own);
      expect(serviceOf(name).volumes).toEqual([`${name}:/var/lib/kafka/data`]);
      for (const [key, value] of Object.entries(brokerSettings))
        expect(environment[variable('KAFKA_', key)], key).toBe(String(value));
      // One quorum: the first founds it, the others join it.
      expect(environment['QUORUM']).toBe(number === '1' ? '--standalone' : '--no-initial-controllers');
      expect(environment['KAFKA_CONTROLLER_QUORUM_AUTO_JOIN_ENABLE']).toBe(
        number === '1' ? undefined : 'true',
      );
    },
  );

  it('lets the further instances wait until everything has its replicas', () => {
    for (const name of serviceNames)
      expect(serviceOf(`${name}-2`).depends_on).toMatchObject({
        replication: { condition: 'service_completed_successfully' },
      });
  });
});

describe('the profile observability', () => {
  it('mounts files that are there, where the configuration looks for them', () => {
    const mounts = onlookers
      .flatMap((name) => serviceOf(name).volumes ?? [])
      .filter((volume) => volume.startsWith('./'));
    for (const mount of mounts) expect(existsSync(join(root, mount.split(':')[0] ?? '')), mount).toBe(true);
    const at = (place: string): string =>
      mounts.find((mount) => mount.split(':')[1] === place)?.split(':')[0] ?? '';
    const configured: { rule_files: string[] } = parse(
      readFileSync(join(root, at('/etc/prometheus/prometheus.yml')), 'utf8'),
    );
    expect(configured.rule_files).toEqual(['alerts/*.yml']);
    expect(at('/etc/prometheus/alerts')).toBe('./connectors/alerts');
    const provider: { providers: { options: { path: string } }[] } = parse(
      readFileSync(join(root, at('/etc/grafana/provisioning'), 'dashboards', 'orderflow.yml'), 'utf8'),
    );
    expect(provider.providers.map(({ options }) => at(options.path))).toEqual([
      './deploy/observability/grafana/dashboards',
    ]);
  });

  it('has every target of Prometheus and every source of Grafana', () => {
    const prometheus: { scrape_configs: { dns_sd_configs: { names: string[]; port: number }[] }[] } = parse(
      readFileSync(join(root, 'deploy', 'observability', 'prometheus.yml'), 'utf8'),
    );
    const targets = prometheus.scrape_configs.flatMap(({ dns_sd_configs: found }) => found);
    expect(targets.flatMap(({ names }) => names).toSorted()).toEqual(
      [...serviceNames, ...edges, 'connect'].toSorted(),
    );
    for (const { names, port } of targets)
      for (const name of names)
        expect(serviceOf(name).ports?.some((one) => one.endsWith(`:${port}`))).toBe(true);
    const grafana: { datasources: { url: string }[] } = parse(
      readFileSync(join(root, 'deploy/observability/grafana/provisioning/datasources/orderflow.yml'), 'utf8'),
    );
    for (const { url } of grafana.datasources) {
      const { hostname, port } = new URL(url);
      expect(onlookers).toContain(hostname);
      expect(serviceOf(hostname).ports?.some((one) => one.endsWith(`:${port}`))).toBe(true);
    }
  });
});
