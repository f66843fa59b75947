// How the commands get at a running stack: the auditor's own eyes, with the addresses of the topology and a window over all
// that is kept, instead of the hour that the auditor's process looks back.
import { Writable } from 'node:stream';
import { createAuditor, type Auditor, type Report } from '../../services/auditor/audit.ts';
import { openSources } from '../../services/auditor/sources.ts';
import { createLogger } from '../../services/platform/process/logger.ts';
import { until } from '../stack/supervise/deadline.ts';
import { stackOf, type Environment } from './environment.ts';
import { failure, messageOf } from '../../schemas/tools/failure.ts';
import type { ServiceName } from '../stack/topology.ts';

export interface Eyes {
  readonly auditor: Auditor;
  /** Looks until two looks in a row have seen everything, the topics included. */
  readonly lookTwice: () => Promise<Report>;
  readonly close: () => Promise<void>;
}

const nowhere = new Writable({
  write: (_chunk, _encoding, done) => {
    done();
  },
});

/** Opens the auditor's view of the stack that `env` tells of. Throws a failure when nothing is there to be looked at. */
export const openEyes = async (env: Environment, graceMs: number): Promise<Eyes> => {
  const { urls, databaseUrl, databaseTrust, kafka } = stackOf(env);
  const url = (service: ServiceName): string => databaseUrl(service, 'auditor');
  // What is found is the command's output, and what fails ends it: a log would say everything twice.
  const logger = createLogger({ service: 'audit', level: 'error', stream: nowhere });
  const sources = openSources(
    {
      databases: { order: url('order'), inventory: url('inventory'), payment: url('payment') },
      kafkaBrokers: kafka.brokers,
      gatewayUrl: urls.gateway,
      databaseTrust,
      kafkaSecurity: kafka.security,
    },
    logger,
  );
  try {
    await sources.ping();
  } catch (error) {
    await sources.close();
    throw failure(`a database cannot be looked at (${messageOf(error)}); is the stack running?`);
  }
  const settings = { graceMs, deadlineMs: 60_000, windowMs: 7 * 24 * 3_600_000, rows: 50_000 };
  const auditor = createAuditor(sources, settings, logger);
  return {
    auditor,
    lookTwice: async () => {
      await until({ what: 'the topics to be read', withinMs: 60_000 }, async () => {
        const { topicsRead } = await auditor.run();
        return topicsRead;
      });
      return until({ what: 'a second look', withinMs: 30_000, everyMs: 1_000 }, async () => {
        const report = await auditor.run();
        return report.topicsRead && report;
      });
    },
    close: sources.close,
  };
};
