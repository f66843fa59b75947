import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setState } from '../../connectors/connect-admin.ts';
import type { Stack } from '../../stack/boot.ts';
import { serviceNames, services } from '../../stack/topology.ts';
import type { System } from '../system.ts';

/**
 * Pauses the connectors and lets a polling relay publish the outboxes instead, while `measure` runs. The connectors stay paused.
 */
export const withPoller = async <T>(
  stack: Stack,
  system: System,
  measure: (system: System) => Promise<T>,
): Promise<T> => {
  for (const service of serviceNames)
    await setState(stack.urls.connect, services[service].connector, 'pause', { withinMs: 30_000 });
  const databases = serviceNames.map((service) => ({
    url: stack.databaseUrl(service, 'admin'),
    topic: `${service}-events`,
  }));
  const config = JSON.stringify({ brokers: stack.urls.kafka, databases });
  const child = spawn(process.execPath, [join(import.meta.dirname, 'poller-process.ts'), config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    return await measure({
      ...system,
      processes: () => {
        const { connect: _, ...others } = system.processes();
        return { ...others, ...(child.pid === undefined ? {} : { poller: child.pid }) };
      },
    });
  } finally {
    child.kill('SIGKILL');
  }
};
