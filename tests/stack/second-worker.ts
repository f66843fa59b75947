// A second Connect worker for tests, with plugins that the test chooses. It forms a separate Connect cluster on the same Kafka and
// databases, with its own offsets and configurations, so the two clusters share no tasks. The test must make sure that only one of
// the two clusters reads a replication slot at a time.
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureArtefacts } from '../../scripts/stack/parts/artefacts.ts';
import { connectorEnvironment, connectPart } from '../../scripts/stack/parts/connect.ts';
import { findJdk } from '../../scripts/stack/parts/java.ts';
import { freePorts } from '../../scripts/stack/ports.ts';
import { createSupervisor, type Supervisor } from '../../scripts/stack/supervise/supervisor.ts';
import { developmentPassword, type Ports } from '../../scripts/stack/topology.ts';

/** The Debezium version of the stack, or the previous minor version. */
type Plugins = 'connect-plugins' | 'previous-connect-plugins';

export interface SecondWorker {
  readonly port: number;
  readonly metricsPort: number;
  /** Stops the worker if it is running, replaces the plugins in `plugin.path` and starts the worker. */
  readonly startWith: (plugins: Plugins) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const cluster = 'second-connect';

/** Prepares the worker without starting it. `ports` are the ports of the stack. */
export async function createSecondWorker(ports: Ports): Promise<SecondWorker> {
  const folder = mkdtempSync(join(tmpdir(), 'orderflow-second-connect-'));
  chmodSync(folder, 0o755);
  const pluginPath = join(folder, 'plugins');
  const free = await freePorts();
  let running: Supervisor | undefined;
  const stopWorker = async (): Promise<void> => {
    await running?.stop();
    running = undefined;
  };
  const startWith = async (plugins: Plugins): Promise<void> => {
    await stopWorker();
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
      await stopWorker();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
