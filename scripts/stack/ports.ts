// Chooses the ports of a stack: from environment variables with defaults, or free ports for a temporary stack.
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

/** The ports from the environment variables. Throws a failure for an invalid port and for two parts on one port. */
export const portsFrom = (env: Readonly<Record<string, string | undefined>>): Ports => {
  const owners = new Map<number, string>();
  return assemble((name) => {
    const { env: variable, default: fallback } = topology[name];
    const text = env[variable];
    const port = text === undefined || text === '' ? fallback : Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw failure(`${variable} must be a port between 1 and 65535, but it is "${text ?? ''}"`);
    const owner = owners.get(port);
    if (owner !== undefined)
      throw failure(`${owner} and ${variable} are both ${String(port)}; set one of them to another port`);
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
        // On a machine without IPv6, `::` cannot be bound although the port is free.
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

/** Another free port, below the range of `freePorts`, so that no other boot occupies the port before it is used. */
export const freePortBelow = async (ports: Ports): Promise<number> => {
  for (let candidate = ports.dashboard - 10_000; ; candidate += 1)
    if (await isFree(candidate)) return candidate;
};

/**
 * Free ports for a stack. They lie below the ephemeral port range, so that no outgoing connection occupies a port before its
 * part listens.
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
