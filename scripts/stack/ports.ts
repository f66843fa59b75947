// Which ports a stack listens on: the defaults moved by environment variables, or free ones for a test run.
import { createServer } from 'node:net';
import { failure } from '../../schemas/tools/failure.ts';
import { ports as topology, type PortName, type Ports } from './topology.ts';

export const portNames = Object.keys(topology).filter((name): name is PortName => name in topology);

const assemble = (value: (name: PortName) => number): Ports => ({
  dashboard: value('dashboard'),
  order: value('order'),
  inventory: value('inventory'),
  payment: value('payment'),
  gateway: value('gateway'),
  auditor: value('auditor'),
  orderDb: value('orderDb'),
  inventoryDb: value('inventoryDb'),
  paymentDb: value('paymentDb'),
  kafka: value('kafka'),
  kafkaController: value('kafkaController'),
  connect: value('connect'),
  connectMetrics: value('connectMetrics'),
  registry: value('registry'),
  registryManagement: value('registryManagement'),
});

/** The ports the environment asks for. Throws a sentence for a value that is no port and for two parts on one port. */
export const portsFrom = (env: Readonly<Record<string, string | undefined>>): Ports => {
  const owners = new Map<number, string>();
  return assemble((name) => {
    const { env: variable, default: fallback } = topology[name];
    const text = env[variable];
    const port = text === undefined || text === '' ? fallback : Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw failure(`${variable} must be a port between 1 and 65535, but it is "${text ?? ''}"`);
    const other = owners.get(port);
    if (other !== undefined)
      throw failure(`${other} and ${variable} both ask for port ${String(port)}; set one of them to another`);
    owners.set(port, variable);
    return port;
  });
};

/** Whether nothing listens on a port, neither on loopback nor on all addresses. */
export const isFree = async (port: number): Promise<boolean> => {
  const bind = (host: string): Promise<boolean> =>
    new Promise((resolve) => {
      const server = createServer();
      server.once('error', (error) => {
        // A machine without IPv6 cannot bind `::`; that says nothing about the port.
        resolve('code' in error && (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL'));
      });
      server.listen({ port, host, exclusive: true }, () => {
        server.close(() => {
          resolve(true);
        });
      });
    });
  return (await bind('127.0.0.1')) && (await bind('::'));
};

/** One more port that is free, below those of all stacks: nobody may listen there for long, and no other boot takes it. */
export const freePortBelow = async (ports: Ports): Promise<number> => {
  for (let candidate = ports.dashboard - 10_000; ; candidate += 1)
    if (await isFree(candidate)) return candidate;
};

/**
 * As many free ports as a stack needs. They lie below the range from which the system takes the ports of outgoing
 * connections, so none is taken between now and the moment its part listens.
 */
export const freePorts = async (): Promise<Ports> => {
  const chosen: number[] = [];
  let candidate = 20_000 + Math.floor(Math.random() * 10_000);
  while (chosen.length < portNames.length) {
    if (candidate > 32_000) candidate = 20_000;
    if (await isFree(candidate)) chosen.push(candidate);
    candidate += 1;
  }
  let next = 0;
  return assemble(() => {
    const port = chosen[next];
    next += 1;
    if (port === undefined) throw new Error('fewer free ports than parts');
    return port;
  });
};
