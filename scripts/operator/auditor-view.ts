// Runs the auditor's checks inside a command, on the stack that the environment names. The command checks the outbox rows
// of the last 7 days (the default retention), at most 50,000 per database; the running auditor checks the last
// AUDIT_WINDOW_MINUTES.
import { createAuditor, type Auditor, type Report } from '../../services/auditor/audit.ts';
import { openSources } from '../../services/auditor/sources.ts';
import { until } from '../stack/supervise/deadline.ts';
import { stackOf, type Environment } from './environment.ts';
import { failure, messageOf } from '../../schemas/tools/failure.ts';
import { silentLogger } from '../../services/platform/process/silent-logger.ts';
import type { ServiceName } from '../stack/topology.ts';

export interface AuditorView {
  readonly auditor: Auditor;
  /** Runs the checks until two runs have read everything, including the topics. Returns the report of the second run. */
  readonly checkTwice: () => Promise<Report>;
  readonly close: () => Promise<void>;
}

/** Connects to the databases and topics. Throws a failure when a database cannot be read. */
export const openAuditorView = async (env: Environment, graceMs: number): Promise<AuditorView> => {
  const { urls, databaseUrl, databaseTrust, kafka } = stackOf(env);
  const url = (service: ServiceName): string => databaseUrl(service, 'auditor');
  const logger = silentLogger('audit');
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
    throw failure(`a database cannot be read (${messageOf(error)}); is the stack running?`);
  }
  const settings = { graceMs, deadlineMs: 60_000, windowMs: 7 * 24 * 3_600_000, rows: 50_000 };
  const auditor = createAuditor(sources, settings, logger);
  return {
    auditor,
    checkTwice: async () => {
      await until({ what: 'the topics to be read', withinMs: 60_000 }, async () => {
        const { topicsRead } = await auditor.run();
        return topicsRead;
      });
      return until({ what: 'a second check', withinMs: 30_000, everyMs: 1_000 }, async () => {
        const report = await auditor.run();
        return report.topicsRead && report;
      });
    },
    close: sources.close,
  };
};
