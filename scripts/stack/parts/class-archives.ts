// Makes a class archive (CDS) for each JVM, once per JDK, by starting each JVM briefly with a temporary data folder. Later
// starts read the archives instead of verifying 60 MB of class files. A normal run does not write archives when it ends, because
// Ctrl-C would then take seconds longer.
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

/**
 * Does nothing when the archives exist. Failing to make them is not an error, because the JVMs also start without them, only
 * slower. Throws when the stack is stopped meanwhile.
 */
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
    // This user cannot write to the cache.
    return;
  }
  log('preparing class archives for faster JVM starts (once per JDK) …');
  const began = performance.now();
  const scratch = mkdtempSync(join(tmpdir(), 'orderflow-archives-'));
  const supervisor = await createSupervisor(scratch, () => undefined);
  signal.addEventListener('abort', supervisor.kill);
  try {
    if (signal.aborted) throw stopped();
    const ports = await freePorts();
    const archiving: JavaRuntime = { ...runtime, archiveTo: draft };
    const kafka = {
      ...archiving,
      port: ports.kafka,
      controllerPort: ports.kafkaController,
      dataDir: join(scratch, 'kafka'),
    };
    const connect = {
      ...archiving,
      port: ports.connect,
      metricsPort: ports.connectMetrics,
      kafkaPort: ports.kafka,
      dataDir: join(scratch, 'connect'),
      env: {},
    };
    const registry = {
      ...archiving,
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
    // The normal start of the same JVM will report the problem.
  } finally {
    // The JVMs write their archives when they exit.
    await supervisor.stop();
    signal.removeEventListener('abort', supervisor.kill);
    rmSync(scratch, { recursive: true, force: true });
  }
  // An incomplete set is kept too: otherwise every boot would try again to make the missing archive.
  if (!signal.aborted && !existsSync(folder)) renameSync(draft, folder);
  rmSync(draft, { recursive: true, force: true });
  if (signal.aborted) throw stopped();
  log(`class archives: done (${seconds(performance.now() - began)})`);
};
