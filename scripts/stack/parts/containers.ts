// The infrastructure in containers: Testcontainers makes those that docker-compose.yml describes, in a project of this
// run, and its reaper removes them however this process ends. The supervisor runs each through its client, which lives as
// long as the container and takes its log along.
import { join } from 'node:path';
import { DockerComposeEnvironment } from 'testcontainers';
import { describeConnect } from './connect.ts';
import { dockerEnvironment, requireDocker } from './docker.ts';
import { failure } from '../../../schemas/tools/failure.ts';
import {
  infrastructureNames,
  type InfrastructureName,
  type InfrastructureProvider,
} from './infrastructure.ts';
import { describeKafka } from './kafka.ts';
import { portNames } from '../ports.ts';
import { describePostgres } from './postgres.ts';
import { checkPorts } from '../preflight.ts';
import { describeRegistry } from './registry.ts';
import type { Command, PartDescription } from '../supervise/part.ts';
import {
  databasePorts,
  passwords,
  ports as portTopology,
  type Ports,
  type ServiceName,
} from '../topology.ts';

const projectRoot = join(import.meta.dirname, '..', '..', '..');
/** What prepares the volume of a part before it starts, and ends. */
const chores: Readonly<Partial<Record<InfrastructureName, string>>> = {
  connect: 'connect-agent',
  registry: 'registry-volume',
};

/**
 * Lives as long as the container `$0`, which a signal stops. By itself the client ends at a signal at once and leaves the
 * container running, sometimes without even passing it on.
 */
const attached = `
docker start --attach "$0" & client=$!
trap 'docker stop "$0" > /dev/null' INT TERM
while kill -0 $client 2> /dev/null; do wait $client; code=$?; done
exit $code
`;

const describe = (name: InfrastructureName, ports: Ports): PartDescription => {
  const database = (service: ServiceName): PartDescription => {
    const port = databasePorts[service];
    return describePostgres(name, portTopology[port].what, ports[port]);
  };
  switch (name) {
    case 'order-db':
      return database('order');
    case 'inventory-db':
      return database('inventory');
    case 'payment-db':
      return database('payment');
    case 'kafka':
      return describeKafka(ports.kafka, ports.kafkaController);
    case 'connect':
      return describeConnect(ports.connect, ports.connectMetrics);
    case 'registry':
      return describeRegistry(ports.registry, ports.registryManagement);
  }
};

/** What docker-compose.yml takes from variables: all of it is said, so that none comes from the shell or from a file. */
const variables = (ports: Ports, passwordOf: (variable: string) => string): Record<string, string> =>
  Object.fromEntries([
    ...portNames.map((name) => [portTopology[name].env, String(ports[name])] as const),
    ...Object.values(passwords)
      .flatMap((variables) => Object.values(variables))
      .map((variable) => [variable, passwordOf(variable)] as const),
  ]);

export interface Containers {
  readonly provide: InfrastructureProvider;
  /** Container by part. */
  readonly names: Readonly<Record<InfrastructureName, string>>;
  /** Removes containers, network and volumes; to be called when nothing runs in them any more. */
  readonly remove: () => Promise<void>;
}

/** The containers of one project; nothing is made before they are asked for. */
export const containersOf = (project: string): Containers => {
  const nameOf = (service: string): string => `${project}-${service}-1`;
  const start = (service: string): Command => ({
    command: 'sh',
    args: ['-c', attached, nameOf(service)],
    env: dockerEnvironment(),
  });
  let made: { readonly down: () => Promise<unknown> } | undefined;
  return {
    names: {
      'order-db': nameOf('order-db'),
      'inventory-db': nameOf('inventory-db'),
      'payment-db': nameOf('payment-db'),
      kafka: nameOf('kafka'),
      connect: nameOf('connect'),
      registry: nameOf('registry'),
    },
    provide: async ({ ports, passwordOf, supervisor, step, log }) => {
      await step('ports and Docker are in order', async () => {
        await requireDocker();
        await checkPorts(ports);
      });
      log('images that are not here are pulled or built; the first time takes minutes');
      await step('containers are made', async () => {
        made = await new DockerComposeEnvironment(projectRoot, 'docker-compose.yml')
          .withProjectName(project)
          .withEnvironment(variables(ports, passwordOf))
          // Made, not started: the supervisor starts each when what it needs is there. What compose would run before
          // them, the boot does itself.
          .withClientOptions({ commandOptions: ['--no-start', '--no-deps'] })
          .up([...infrastructureNames, ...Object.values(chores)]);
      });
      return {
        part: async (name) => {
          const chore = chores[name];
          if (chore !== undefined) {
            const code = await supervisor.run({ name: chore, withinMs: 60_000, ...start(chore) });
            if (code !== 0)
              throw failure(`${chore} ended with exit code ${String(code)}`, supervisor.logFile(chore));
          }
          return { ...describe(name, ports), command: () => start(name) };
        },
      };
    },
    remove: async () => {
      await made?.down();
    },
  };
};
