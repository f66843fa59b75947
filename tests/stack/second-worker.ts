// A second Connect worker for tests, in its own cluster on the same Kafka and databases, with the plugins of the test's choice. It
// has its own offsets and configurations, so the two clusters share no tasks. The test must make sure that only one of them
// reads a slot at a time.
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureArtefacts } from '../../scripts/stack/parts/artefacts.ts';
import { connectorEnvironment, connectPart } from '../../scripts/stack/parts/connect.ts';
import { findJdk } from '../../scripts/stack/parts/java.ts';
import { freePorts } from '../../scripts/stack/ports.ts';
import { createSupervisor, type Supervisor } from '../../scripts/stack/supervise/supervisor.ts';
import { developmentPassword, type Ports } from '../../scripts/stack/topology.ts';

/** The Debezium of the stack, or that of the minor version before. */
type Plugins = 'connect-plugins' | 'previous-connect-plugins';

export interface SecondWorker {
  readonly port: number;
  readonly metricsPort: number;
  /** Stops the worker if it runs, replaces the content of `plugin.path` and starts it. */
  readonly startWith: (plugins: Plugins) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const cluster = 'second-connect';

/** Prepares the worker; `startWith` starts it. `ports` are those of the stack. */
export async function createSecondWorker(ports: Ports): Promise<SecondWorker> {
  const folder = mkdtempSync(join(tmpdir(), 'orderflow-second-connect-'));
  chmodSync(folder, 0o755);
  const pluginPath = join(folder, 'plugins');
  const free = await freePorts();
  let running: Supervisor | undefined;
  const end = async (): Promise<void> => {
    await running?.stop();
    running = undefined;
  };
  const startWith = async (plugins: Plugins): Promise<void> => {
    await end();
    running = await createSupervisor(folder, () => undefined);
    const artefacts = await ensureArtefacts(running, () => undefined);
    rmSync(pluginPath, { recursive: true, force: true });
    cpSync(join(artefacts, plugins), pluginPath, { recursive: true });
    await running.start(
      connectPart({
        ...{ jdk: findJdk(), artefacts, dataDir: join(folder, 'connect') },
        ...{ port: free.connect, metricsPort: free.connectMetrics, kafkaPort: ports.kafka },
        env: connectorEnvironment(ports, () => developmentPassword),
        properties: {
          'plugin.path': pluginPath,
          'group.id': cluster,
          'config.storage.topic': `_${cluster}-configs`,
          'offset.storage.topic': `_${cluster}-offsets`,
          'status.storage.topic': `_${cluster}-status`,
        },
      }),
    );
  };
  return {
    port: free.connect,
    metricsPort: free.connectMetrics,
    startWith,
    stop: async () => {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
