// Archives of the classes each JVM loads, made once per JDK right after the artefacts were fetched, by starting each
// JVM for a moment on a throw-away folder. Later starts read them instead of verifying 60 MB of class files. Made here
// and not when a real run ends, because writing one takes seconds that a person who has pressed Ctrl-C would wait.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectPart } from './connect.ts';
import { seconds } from '../supervise/deadline.ts';
import { stopped } from '../../../schemas/tools/failure.ts';
import { archiveFolder, type JavaRuntime } from './java.ts';
import { kafkaPart, prepareKafka } from './kafka.ts';
import { freePorts } from '../ports.ts';
import { registryPart } from './registry.ts';
import { createSupervisor } from '../supervise/supervisor.ts';

/** Does nothing when the archives exist. Throws nothing but `stopped`: without archives a boot is slower, no more. */
export const makeClassArchives = async (
  runtime: JavaRuntime,
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<void> => {
  const folder = archiveFolder(runtime);
  if (existsSync(folder)) return;
  const draft = `${folder}.${String(process.pid)}.tmp`;
  try {
    mkdirSync(draft);
  } catch {
    // A cache that is shared and not ours to write.
    return;
  }
  log('preparing quick starts of the JVMs (once for this JDK) …');
  const began = performance.now();
  const scratch = mkdtempSync(join(tmpdir(), 'orderflow-archives-'));
  const supervisor = await createSupervisor(scratch, () => undefined);
  signal.addEventListener('abort', supervisor.kill);
  try {
    const ports = await freePorts();
    const recording: JavaRuntime = { ...runtime, archiveTo: draft };
    const kafka = {
      ...recording,
      port: ports.kafka,
      controllerPort: ports.kafkaController,
      dataDir: join(scratch, 'kafka'),
    };
    const connect = {
      ...recording,
      port: ports.connect,
      metricsPort: ports.connectMetrics,
      kafkaPort: ports.kafka,
      dataDir: join(scratch, 'connect'),
      env: {},
    };
    const registry = {
      ...recording,
      port: ports.registry,
      managementPort: ports.registryManagement,
      dataDir: join(scratch, 'registry'),
    };
    const kafkaAndConnect = async (): Promise<void> => {
      await prepareKafka(kafka, supervisor);
      await supervisor.start(kafkaPart(kafka));
      await supervisor.start(connectPart(connect));
    };
    await Promise.all([supervisor.start(registryPart(registry)), kafkaAndConnect()]);
  } catch {
    // Whatever keeps a JVM from starting here is reported when it is started in earnest.
  } finally {
    // Ending is what writes the archives.
    await supervisor.stop();
    signal.removeEventListener('abort', supervisor.kill);
    rmSync(scratch, { recursive: true, force: true });
  }
  // An incomplete set is kept too, so that a JVM which cannot be archived costs this time only once.
  if (!signal.aborted && !existsSync(folder)) renameSync(draft, folder);
  rmSync(draft, { recursive: true, force: true });
  if (signal.aborted) throw stopped();
  log(`quick starts are prepared (${seconds(performance.now() - began)})`);
};
