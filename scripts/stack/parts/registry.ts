// Apicurio Registry with its Confluent API and storage on disk. With the default in-memory storage, schema ids would start at 1
// again after a restart, and old events would be decoded with wrong schemas. Global rules reject the registration of an
// incompatible schema.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { answers } from '../supervise/deadline.ts';
import { javaCommand, type JavaRuntime } from './java.ts';
import { heaps, registryPath } from '../topology.ts';
import type { Command, Part, PartDescription } from '../supervise/part.ts';

interface RegistryOptions extends JavaRuntime {
  readonly port: number;
  readonly managementPort: number;
  readonly dataDir: string;
}

/** The settings that the embedded registry and the container share. */
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

/** The part without its command: the same for the embedded registry and the container. */
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
