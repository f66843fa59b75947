// The infrastructure in containers. For each run, Testcontainers creates the containers of docker-compose.yml in a separate Compose
// project, and the reaper of Testcontainers removes them however this process ends. The supervisor runs each container through an
// attached Docker client, which runs as long as the container and prints its log.
import { join } from 'node:path';
import { DockerComposeEnvironment } from 'testcontainers';
import { describeConnect } from './connect.ts';
import { dockerEnvironment, requireDocker } from './docker.ts';
import { failure } from '../../../schemas/tools/failure.ts';
import {
  infrastructureNames,
  type InfrastructureContext,
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
import { stackVariables } from '../variables.ts';

const projectRoot = join(import.meta.dirname, '..', '..', '..');
/** The one-shot containers that prepare the volume of a part before it starts. */
const setupServices: Readonly<Partial<Record<InfrastructureName, string>>> = {
  connect: 'connect-agent',
  registry: 'registry-volume',
};

/**
 * Starts the container `$0`, runs as long as the container, and stops the container on a signal. Without this script, a signal
 * ends the Docker client at once, and the container may keep running.
 */
const attachScript = `
docker start --attach "$0" & client=$!
trap 'docker stop "$0" > /dev/null' INT TERM
while kill -0 $client 2> /dev/null; do wait $client; code=$?; done
exit $code
`;

const describeParts = (ports: Ports): Readonly<Record<InfrastructureName, PartDescription>> => {
  const database = (service: ServiceName): PartDescription => {
    const port = databasePorts[service];
    return describePostgres(`${service}-db`, portTopology[port].label, ports[port]);
  };
  return {
    'order-db': database('order'),
    'inventory-db': database('inventory'),
    'payment-db': database('payment'),
    kafka: describeKafka(ports.kafka, ports.kafkaController),
    connect: describeConnect(ports.connect, ports.connectMetrics),
    registry: describeRegistry(ports.registry, ports.registryManagement),
  };
};

/**
 * Values for the ports, the passwords and the exactly-once mode in docker-compose.yml, so that none of them comes from the shell or
 * from `.env`.
 */
const variables = ({ ports, passwordOf, exactlyOnce }: InfrastructureContext): Record<string, string> =>
  Object.fromEntries([
    [stackVariables.exactlyOnce.env, exactlyOnce],
    ...portNames.map((name) => [portTopology[name].env, String(ports[name])] as const),
    ...Object.values(passwords)
      .flatMap((variables) => Object.values(variables))
      .map((variable) => [variable, passwordOf(variable)] as const),
  ]);

export interface Containers {
  readonly provide: InfrastructureProvider;
  /** Container names by part. */
  readonly names: Readonly<Record<InfrastructureName, string>>;
  /** Removes containers, network and volumes. Call it after the supervisor has stopped the parts. */
  readonly remove: () => Promise<void>;
}

/** The containers of one Compose project; `provide` creates them. */
export const containersOf = (project: string): Containers => {
  const nameOf = (service: string): string => `${project}-${service}-1`;
  const start = (service: string): Command => ({
    command: 'sh',
    args: ['-c', attachScript, nameOf(service)],
    env: dockerEnvironment(),
  });
  let environment: { readonly down: () => Promise<unknown> } | undefined;
  return {
    names: {
      'order-db': nameOf('order-db'),
      'inventory-db': nameOf('inventory-db'),
      'payment-db': nameOf('payment-db'),
      kafka: nameOf('kafka'),
      connect: nameOf('connect'),
      registry: nameOf('registry'),
    },
    provide: async (context) => {
      const { ports, supervisor, step, log } = context;
      await step('ports are free and Docker answers', async () => {
        await requireDocker();
        await checkPorts(ports);
      });
      log('missing images are pulled or built; this takes minutes the first time');
      await step('containers are created', async () => {
        environment = await new DockerComposeEnvironment(projectRoot, 'docker-compose.yml')
          .withProjectName(project)
          .withEnvironment(variables(context))
          // Do not start the containers: the supervisor starts each container when its dependencies are ready. The other one-shot
          // services of the Compose file are not needed, because the boot does their work.
          .withClientOptions({ commandOptions: ['--no-start', '--no-deps'] })
          .up([...infrastructureNames, ...Object.values(setupServices)]);
      });
      const descriptions = describeParts(ports);
      return {
        part: async (name) => {
          const setup = setupServices[name];
          if (setup !== undefined) {
            const code = await supervisor.run({ name: setup, withinMs: 60_000, ...start(setup) });
            if (code !== 0)
              throw failure(`${setup} ended with exit code ${String(code)}`, supervisor.logFile(setup));
          }
          return { ...descriptions[name], command: () => start(name) };
        },
      };
    },
    remove: async () => {
      await environment?.down();
    },
  };
};
