// Compares docker-compose.yml with topology.ts and the parts of the embedded stack: the two stacks must have the same settings, so
// that the guarantees that the tests prove on one stack hold on the other.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { targetsSchema } from '../../services/dashboard/server/parts-health.ts';
import { databaseUrlOf } from './addresses.ts';
import { healthTargets } from './node-parts.ts';
import { connectorEnvironment, timerSlackNs, workerSettings } from './parts/connect.ts';
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
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly restart?: string;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
  readonly mem_limit: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly build?: { target: string };
  readonly pull_policy?: string;
}

const root = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose: { services: Record<string, Service>; volumes: Record<string, unknown> } = parse(text, {
  merge: true,
  // The file is trusted, so the number of YAML aliases needs no limit.
  maxAliasCount: -1,
});
const jobNames = ['databases', 'topics', 'schemas', 'connectors', 'replication'] as const;
/** The one-shot services that prepare a volume. */
const setupServices = ['registry-volume', 'connect-agent'];

const serviceOf = (name: string): Service => {
  const service = compose.services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no ${name}`);
  return service;
};
const environmentOf = (name: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(serviceOf(name).environment ?? {}).map(([key, value]) => [key, String(value)]),
  );
/** Replaces every variable by its default. */
const withDefaults = (value: string): string => value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
const mebibytes = (limit: string): number => Number(/^(\d+)m$/.exec(limit)?.[1]);
const variableName = (prefix: string, key: string): string =>
  `${prefix}${key.toUpperCase().replaceAll('.', '_')}`;

/** The additional instances in the profile `cluster`, by part. */
const additionalInstances = {
  kafka: ['kafka-2', 'kafka-3'],
  connect: ['connect-2'],
  order: ['order-2'],
  inventory: ['inventory-2'],
  payment: ['payment-2'],
} as const;
const additional = Object.entries(additionalInstances).flatMap(([first, names]) =>
  names.map((name): [string, string] => [name, first]),
);
const observabilityServices = ['prometheus', 'grafana', 'jaeger'] as const;

describe('docker-compose.yml', () => {
  it('has the parts of the topology, the jobs, the services of its profiles, and no others', () => {
    const servicesOf = (profile?: string) =>
      Object.entries(compose.services)
        .filter(([, { profiles = [] }]) => profiles[0] === profile && profiles.length < 2)
        .map(([name]) => name)
        .toSorted();
    const jobs = jobNames.filter((name) => name !== 'replication');
    expect(servicesOf()).toEqual(
      [...infrastructureNames, ...serviceNames, ...edges, ...jobs, ...setupServices].toSorted(),
    );
    expect(servicesOf('cluster')).toEqual([...additional.map(([name]) => name), 'replication'].toSorted());
    expect(servicesOf('observability')).toEqual(observabilityServices.toSorted());
  });

  it('builds the images of OrderFlow and never pulls them: anybody could register their names at a public registry', () => {
    for (const [name, { build, image = '', pull_policy }] of Object.entries(compose.services))
      if (build !== undefined || image.startsWith('orderflow/'))
        expect([name, pull_policy, build === undefined]).toEqual([name, 'build', false]);
  });

  it('publishes the ports of the topology under their variables, on loopback only', () => {
    const published = Object.values(compose.services).flatMap((service) => service.ports ?? []);
    // These ports are used only inside the container.
    const internal: readonly string[] = [ports.kafkaController, ports.registryManagement].map(
      ({ env }) => env,
    );
    const expected = [...Object.values(ports), ...portsOfProfiles].filter(
      ({ env }) => !internal.includes(env),
    );
    expect(published.map((port) => port.slice(0, port.lastIndexOf(':'))).toSorted()).toEqual(
      expected.map(({ env, default: port }) => `127.0.0.1:\${${env}:-${port}}`).toSorted(),
    );
  });

  it('reads every password from its variable, with the development password as default', () => {
    const passwordVariables = Object.values(passwords).flatMap((variables) => Object.values(variables));
    const used = [...text.matchAll(/\$\{(\w*PASSWORD)(?::-([^}]*))?\}/g)];
    expect(new Set(used.map(([, name]) => name))).toEqual(new Set(passwordVariables));
    for (const [, , fallback] of used) expect(fallback).toBe(developmentPassword);
  });

  it('limits every log, and starts no Node process for a health check', () => {
    for (const [name, { logging, healthcheck }] of Object.entries(compose.services)) {
      expect(logging?.options, name).toMatchObject({ 'max-size': '10m', 'max-file': '3' });
      expect(healthcheck?.test.join(' ') ?? '', name).not.toMatch(/\bnode\b/);
    }
  });

  it('drops all capabilities of every container; only Connect and observability can write to their root file system', () => {
    const writable = Object.entries(compose.services).flatMap(([name, service]) => {
      expect(service, name).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
      return service.read_only === true ? [] : [name];
    });
    expect(writable.toSorted()).toEqual(['connect', 'connect-2', ...observabilityServices].toSorted());
  });

  it('limits the memory of every service, and restarts and health-checks every service that is not one-shot', () => {
    const oneShot = [...jobNames, ...setupServices];
    for (const [name, service] of Object.entries(compose.services)) {
      expect(mebibytes(service.mem_limit), name).toBeGreaterThan(0);
      expect(service.restart, name).toBe(oneShot.includes(name) ? undefined : 'unless-stopped');
      expect(service.healthcheck !== undefined, name).toBe(!oneShot.includes(name));
    }
    for (const name of [...serviceNames, ...edges, ...observabilityServices])
      expect(mebibytes(serviceOf(name).mem_limit)).toBeLessThanOrEqual(512);
    for (const name of [...serviceNames, ...edges])
      expect(serviceOf(name)).toMatchObject({ build: { target: name } });
  });

  it('makes some service wait for the completion of every one-shot service, so that `up --wait` reports no failure', () => {
    const awaited = Object.values(compose.services).flatMap(({ depends_on: needs = {} }) =>
      Object.entries(needs).flatMap(([name, { condition }]) =>
        condition === 'service_completed_successfully' ? [name] : [],
      ),
    );
    expect(new Set(awaited)).toEqual(new Set([...jobNames, ...setupServices]));
  });

  it('mounts a tmpfs where the image of Kafka declares volumes, so that `down` leaves no volume behind', () => {
    const brokers = Object.values(compose.services).filter(({ image }) => image.startsWith('apache/kafka'));
    expect(brokers.length).toBeGreaterThan(0);
    for (const { tmpfs = [] } of brokers)
      expect(tmpfs).toEqual(expect.arrayContaining(['/etc/kafka/secrets', '/mnt/shared/config']));
  });

  it('keeps the data that survives a restart in named volumes', () => {
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

describe('in docker-compose.yml,', () => {
  it.each(serviceNames)('%s-db has the settings of the embedded server', (service) => {
    const args = environmentOf(`${service}-db`)['POSTGRES_INITDB_ARGS'] ?? '';
    const settings = Object.fromEntries(
      [...args.matchAll(/-c (\w+)=(?:'([^']*)'|(\S+))/g)].map(([, key, quoted, plain]) => [
        key,
        quoted ?? plain,
      ]),
    );
    expect(settings).toEqual(serverSettings);
  });

  it('Kafka has the settings of the embedded broker', () => {
    const environment = environmentOf('kafka');
    for (const [key, value] of Object.entries(brokerSettings))
      expect(environment[variableName('KAFKA_', key)], key).toBe(String(value));
    expect(environment['KAFKA_HEAP_OPTS']).toContain(`-Xmx${heaps.kafka}m`);
  });

  it('Connect has the settings of the embedded worker, and the variables of the connectors', () => {
    const environment = environmentOf('connect');
    // For some settings, the image uses variable names without the prefix.
    for (const [key, value] of Object.entries(workerSettings)) {
      const setting = environment[variableName('CONNECT_', key)] ?? environment[variableName('', key)];
      expect(withDefaults(setting ?? ''), key).toBe(String(value));
    }
    expect(environment['HEAP_OPTS']).toContain(`-Xmx${heaps.connect}m`);
    expect(serviceOf('connect').entrypoint?.at(-1)).toContain(
      `echo ${timerSlackNs} > /proc/self/timerslack_ns`,
    );
    const expected = Object.keys(connectorEnvironment(portsFrom({}), () => developmentPassword));
    const databaseVariables = Object.keys(environment).filter((key) => /_DB_|PASSWORD/.test(key));
    expect(databaseVariables.toSorted()).toEqual(expected.toSorted());
    for (const service of serviceNames) {
      const prefix = service.toUpperCase();
      expect(environment).toMatchObject({
        [`${prefix}_DB_HOST`]: `${service}-db`,
        [`${prefix}_DB_PORT`]: '5432',
        [`${prefix}_DB_NAME`]: domain[service].database.database,
      });
    }
  });

  it('the registry has the settings of the embedded registry', () => {
    const options = (environmentOf('registry')['JAVA_OPTS_APPEND'] ?? '').split(' ');
    for (const [key, value] of Object.entries(registrySettings))
      expect(options).toContain(`-D${key}=${value}`);
    expect(options).toContain(`-Xmx${heaps.registry}m`);
  });

  it('the services and the auditor log in with the same roles as in the embedded stack', () => {
    const urlOf = (service: (typeof serviceNames)[number], role: 'service' | 'auditor') =>
      databaseUrlOf(portsFrom({}), service, role, developmentPassword).replace(
        /@[^/]*/,
        `@${service}-db:5432`,
      );
    for (const service of serviceNames) {
      expect(withDefaults(environmentOf(service)['DATABASE_URL'] ?? '')).toBe(urlOf(service, 'service'));
      expect(withDefaults(environmentOf('auditor')[`${service.toUpperCase()}_DATABASE_URL`] ?? '')).toBe(
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

  it('the dashboard has the health targets of the embedded stack', () => {
    const targets = targetsSchema.parse(JSON.parse(environmentOf('dashboard')['HEALTH_TARGETS'] ?? ''));
    const names = (list: readonly { name: string; kind: string }[]) =>
      list.map(({ name, kind }) => [name, kind]);
    expect(names(targets)).toEqual(names(healthTargets(portsFrom({}))));
  });

  it.each([...serviceNames, 'gateway'])(
    '%s exports its spans only to OTEL_EXPORTER_OTLP_ENDPOINT',
    (name) => {
      expect(environmentOf(name)['OTEL_EXPORTER_OTLP_ENDPOINT']).toBe('${OTEL_EXPORTER_OTLP_ENDPOINT:-}');
    },
  );

  it('Connect exposes the metrics of the embedded worker with the same version of the JMX exporter', () => {
    const [, jar, port, configuration] =
      /^-javaagent:([^=]+)=(\d+):(.+)$/.exec(environmentOf('connect')['KAFKA_OPTS'] ?? '') ?? [];
    expect(serviceOf('connect').volumes).toEqual([
      `connect-agent:${dirname(jar ?? '')}:ro`,
      `./connectors/jmx-exporter.yaml:${configuration}:ro`,
    ]);
    expect(Number(port)).toBe(ports.connectMetrics.default);
    const versionIn = (file: string, pattern: RegExp): string | undefined =>
      pattern.exec(readFileSync(join(root, file), 'utf8'))?.[1];
    expect(versionIn('deploy/Dockerfile', /JMX_EXPORTER_VERSION=(\S+)/)).toBe(
      versionIn('scripts/stack/parts/pom.xml', /<jmx-exporter\.version>([^<]+)</),
    );
  });

  it.each(jobNames)('the job %s has valid arguments', (name) => {
    expect(jobOf(serviceOf(name).command ?? []).name).toBe(name);
  });
});

describe('the profile cluster', () => {
  it('has one broker per replica, and more replicas than must be in sync', () => {
    expect(1 + additionalInstances.kafka.length).toBe(cluster.brokers);
    expect(cluster.replicationFactor).toBe(cluster.brokers);
    expect(cluster.minInSync).toBeLessThan(cluster.replicationFactor);
  });

  it.each(additional)('adds %s, another instance of %s with the same network alias', (name, first) => {
    const {
      depends_on: needs,
      networks,
      profiles,
      ports: publishedPorts,
      environment,
      volumes,
      ...rest
    } = serviceOf(name);
    const original = serviceOf(first);
    expect(original).toMatchObject(rest);
    expect(Object.keys(original).filter((key) => !(key in serviceOf(name)))).toEqual([]);
    expect(networks?.default.aliases).toEqual([first]);
    expect(profiles).toEqual(['cluster']);
    expect(publishedPorts).not.toEqual(original.ports);
    if (first === 'kafka') return;
    expect(environment).toEqual(original.environment);
    expect(volumes).toEqual(original.volumes);
    expect(needs).toMatchObject(original.depends_on ?? {});
  });

  it.each(['kafka', ...additionalInstances.kafka])(
    'has the broker %s with a separate name, number and volume',
    (name) => {
      const environment = environmentOf(name);
      const number = environment['KAFKA_NODE_ID'] ?? '';
      const host = `kafka-${number}`;
      expect(environment['KAFKA_ADVERTISED_LISTENERS']).toMatch(
        new RegExp(`^PLAINTEXT://${host}:9092,HOST://127\\.0\\.0\\.1:[^,]+,CONTROLLER://${host}:9093$`),
      );
      expect([name, ...(serviceOf(name).networks?.default.aliases ?? [])]).toContain(host);
      expect(serviceOf(name).volumes).toContain(`${name}:/var/lib/kafka/data`);
      for (const [key, value] of Object.entries(brokerSettings))
        expect(environment[variableName('KAFKA_', key)], key).toBe(String(value));
      // The first broker creates the quorum, the others join it.
      expect(environment['QUORUM']).toBe(number === '1' ? '--standalone' : '--no-initial-controllers');
      expect(environment['KAFKA_CONTROLLER_QUORUM_AUTO_JOIN_ENABLE']).toBe(
        number === '1' ? undefined : 'true',
      );
    },
  );

  it('starts the additional instances after every topic has its replicas', () => {
    for (const name of serviceNames)
      expect(serviceOf(`${name}-2`).depends_on).toMatchObject({
        replication: { condition: 'service_completed_successfully' },
      });
  });
});

describe('the profile observability', () => {
  it('mounts existing files where the configuration expects them', () => {
    const mounts = observabilityServices
      .flatMap((name) => serviceOf(name).volumes ?? [])
      .filter((volume) => volume.startsWith('./'));
    for (const mount of mounts) expect(existsSync(join(root, mount.split(':')[0] ?? '')), mount).toBe(true);
    const mountedAt = (path: string): string =>
      mounts.find((mount) => mount.split(':')[1] === path)?.split(':')[0] ?? '';
    const configured: { rule_files: string[] } = parse(
      readFileSync(join(root, mountedAt('/etc/prometheus/prometheus.yml')), 'utf8'),
    );
    expect(configured.rule_files).toEqual(['alerts/*.yml']);
    expect(mountedAt('/etc/prometheus/alerts')).toBe('./connectors/alerts');
    const provider: { providers: { options: { path: string } }[] } = parse(
      readFileSync(join(root, mountedAt('/etc/grafana/provisioning'), 'dashboards', 'orderflow.yml'), 'utf8'),
    );
    expect(provider.providers.map(({ options }) => mountedAt(options.path))).toEqual([
      './deploy/observability/grafana/dashboards',
    ]);
  });

  it('publishes the port of every Prometheus target and of every Grafana data source', () => {
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
      expect(observabilityServices).toContain(hostname);
      expect(serviceOf(hostname).ports?.some((one) => one.endsWith(`:${port}`))).toBe(true);
    }
  });
});
