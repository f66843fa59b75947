// The parts of a running system that a measurement uses: its addresses, its databases and its processes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { databaseUrlOf, urlsOf } from '../stack/addresses.ts';
import type { Stack } from '../stack/boot.ts';
import { dataFolder } from '../stack/data-folder.ts';
import { portsFrom } from '../stack/ports.ts';
import { developmentPassword, passwords, type Ports, type ServiceName } from '../stack/topology.ts';

export interface System {
  readonly urls: { readonly dashboard: string; readonly order: string; readonly inventory: string };
  /** The address of a service's database, as a role that may read all of its tables. */
  readonly databaseUrl: (service: ServiceName) => string;
  /** The process of each part that runs. */
  readonly processes: () => Readonly<Record<string, number>>;
}

interface Parts {
  readonly parts: Readonly<Record<string, { readonly pid?: number | undefined }>>;
}

const processesOf = ({ parts }: Parts): Record<string, number> =>
  Object.fromEntries(
    Object.entries(parts).flatMap(([name, { pid }]): [string, number][] =>
      pid === undefined ? [] : [[name, pid]],
    ),
  );

export const systemOf = (stack: Stack): System => ({
  urls: stack.urls,
  databaseUrl: (service) => stack.databaseUrl(service, 'auditor'),
  processes: () => processesOf(stack.status()),
});

const statusFile = z.object({ parts: z.record(z.string(), z.object({ pid: z.number().optional() })) });

/** A stack that another process runs. It is found by its ports and its data folder. */
export const startedSystem = (
  ports: Ports,
  dataDir: string,
  env: Readonly<Record<string, string | undefined>>,
): System => ({
  urls: urlsOf(ports),
  databaseUrl: (service) =>
    databaseUrlOf(ports, service, 'owner', env[passwords[service].owner] ?? developmentPassword),
  processes: () =>
    processesOf(statusFile.parse(JSON.parse(readFileSync(join(dataDir, 'stack.json'), 'utf8')))),
});

/** The stack that `npm start` runs. */
export const runningSystem = (): System => startedSystem(portsFrom(process.env), dataFolder(), process.env);
