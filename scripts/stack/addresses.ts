// The addresses of the parts, computed from the ports.
import {
  databasePorts,
  registryPath,
  services,
  type DatabaseRole,
  type Ports,
  type ServiceName,
} from './topology.ts';

export interface Urls {
  readonly dashboard: string;
  readonly order: string;
  readonly inventory: string;
  readonly payment: string;
  readonly gateway: string;
  readonly auditor: string;
  readonly connect: string;
  /** Base URL of the registry's Confluent API. */
  readonly registry: string;
  readonly kafka: string;
}

export const loopback = (port: number): string => `http://127.0.0.1:${String(port)}`;

export const urlsOf = (ports: Ports): Urls => ({
  dashboard: `http://localhost:${String(ports.dashboard)}`,
  order: `http://localhost:${String(ports.order)}`,
  inventory: `http://localhost:${String(ports.inventory)}`,
  payment: `http://localhost:${String(ports.payment)}`,
  gateway: `http://localhost:${String(ports.gateway)}`,
  auditor: `http://localhost:${String(ports.auditor)}`,
  connect: loopback(ports.connect),
  registry: `${loopback(ports.registry)}${registryPath}`,
  kafka: `127.0.0.1:${String(ports.kafka)}`,
});

export const databaseUrlOf = (
  ports: Ports,
  service: ServiceName,
  role: DatabaseRole,
  password: string,
): string => {
  const { database, owner, service: runtime, cdc, auditor } = services[service].database;
  const user = { admin: 'postgres', owner, service: runtime, cdc, auditor }[role];
  return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${String(ports[databasePorts[service]])}/${database}`;
};
