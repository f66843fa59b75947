// Apicurio Registry behind the Confluent API, with storage on disk: with the default, in memory, schema ids would start
// at 1 again after a restart and old events would decode wrongly. Its global rules refuse an incompatible schema at
// registration, whoever tries.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { answers } from '../supervise/deadline.ts';
import { javaCommand, type JavaRuntime } from './java.ts';
import { heaps, registryPath } from '../topology.ts';
import type { Command, Part, PartDescription } from '../supervise/part.ts';

export interface RegistryOptions extends JavaRuntime {
  readonly port: number;
  readonly managementPort: number;
  readonly dataDir: string;
}

/** What is the same wherever the registry runs. */
export const registrySettings: Readonly<Record<string, string>> = {
  'quarkus.http.access-log.enabled': 'false',
  'quarkus.vertx.event-loops-pool-size': '2',
  'apicurio.rules.global.compatibility': 'FULL_TRANSITIVE',
  'apicurio.rules.global.validity': 'FULL',
};

const command = (options: RegistryOptions): Command => {
  mkdirSync(options.dataDir, { recursive: true });
  return javaCommand(options, {
    jvm: 'registry',
    heapMiB: heaps.registry,
    properties: {
      'quarkus.http.host': '127.0.0.1',
      'quarkus.http.port': String(options.port),
      'quarkus.management.host': '127.0.0.1',
      'quarkus.management.port': String(options.managementPort),
      ...registrySettings,
      'apicurio.datasource.url': `jdbc:h2:file:${join(options.dataDir, 'registry')}`,
    },
    main: ['-jar', join(options.artefacts, 'registry', 'quarkus-run.jar')],
    cwd: options.dataDir,
  });
};

/** What is the same wherever the registry runs. */
export const describeRegistry = (port: number, managementPort: number): PartDescription => ({
  name: 'registry',
  label: 'schema registry',
  ports: [port, managementPort],
  stage: 2,
  graceMs: 15_000,
  readyWithinMs: 90_000,
  ready: () => answers(`http://127.0.0.1:${String(port)}${registryPath}/subjects`),
});

export const registryPart = (options: RegistryOptions): Part => ({
  ...describeRegistry(options.port, options.managementPort),
  command: () => command(options),
});
