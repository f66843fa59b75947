// The routes behind the dashboard's pages for administrators: flow, pipelines with their recent samples, incidents,
// invariants, and the actions on a connector. An action is recorded in the audit log before Kafka Connect is called.
import { recordRefusals } from '../../platform/http/routes/audit-http.ts';
import { personsActionOf, type App, type AppContext } from '../../platform/http/server/request-context.ts';
import { recordAction } from '../../platform/audit-log/audit-log.ts';
import type { Database } from '../../platform/database/database.ts';
import { runKeyed } from '../../platform/http/request/idempotency-http.ts';
import { cachedRead } from '../../platform/telemetry/metrics.ts';
import type { EventStream } from '../../platform/messaging/event-stream.ts';
import { messageOf } from '../../platform/process/message-of.ts';
import { invariants, type Report } from '../audit.ts';
import { everyService, type Service } from '../domain/facts.ts';
import type { Flow } from '../flow/read-flow.ts';
import { ConnectorAbsent, pauseOrResume, restartConnector } from '../pipelines/connect-rest.ts';
import { readLags } from '../pipelines/pipeline-metrics.ts';
import { pipelineNames, type Pipelines } from '../pipelines/pipelines.ts';
import { readDrift, type Drift } from '../drift/read-drift.ts';
import { actionView, auditorApi, problem, connectorActions, type ConnectorAction } from './api.ts';
import { requireReports, statusOf, viewOfPipeline } from './pipeline-routes.ts';
import { viewOfReport } from './report-view.ts';

export interface OperationsSources {
  /** The database that gets the entry of the audit log and the stored response. */
  readonly databaseOf: (service: Service) => Database;
  readonly readFlow: () => Promise<Flow>;
  readonly connectUrl: string;
  readonly stream: Pick<EventStream, 'lag'>;
}

const connectTimeoutMs = 10_000;
const lagTimeoutMs = 3_000;
const lagFreshMs = 2_000;
const driftTimeoutMs = 3_000;
const driftFreshMs = 2_000;
const flowTimeoutMs = 5_000;
const flowFreshMs = 2_000;

const viewOfDrift = ({ sentence, remedy, changes }: Drift) => ({
  sentence,
  remedy,
  changes: changes.map(({ from, to, ...change }) => ({
    ...change,
    running: from ?? null,
    file: to ?? null,
  })),
});

export function registerOperationsRoutes(
  app: App,
  { databaseOf, readFlow, connectUrl, stream }: OperationsSources,
  pipelines: Omit<Pipelines, 'stop'>,
  latestAudit: () => Report,
): void {
  // Incidents are kept in memory, so their list begins with the process.
  const since = new Date().toISOString();
  const lags = cachedRead(() => readLags(stream), { timeoutMs: lagTimeoutMs, maxAgeMs: lagFreshMs });
  const drifts = cachedRead(() => readDrift(connectUrl, driftTimeoutMs), {
    timeoutMs: driftTimeoutMs,
    maxAgeMs: driftFreshMs,
  });
  const flow = cachedRead(readFlow, { timeoutMs: flowTimeoutMs, maxAgeMs: flowFreshMs });
  app.openapi(auditorApi.readFlow, async (c) => {
    const found = await flow();
    if (found === undefined) throw problem('unavailable', { detail: 'A database does not answer.' });
    const { orders, services } = found;
    const view = {
      orders: { ...orders, cancelled: [...orders.cancelled] },
      services: services.map((service) => ({ ...service, consumed: [...service.consumed] })),
    };
    return c.json(view, 200, { 'Cache-Control': 'no-store' });
  });

  app.openapi(auditorApi.readPipelines, async (c) => {
    const reports = requireReports(pipelines);
    const [groups, drift] = await Promise.all([lags(), drifts()]);
    const overview = {
      status: statusOf(reports),
      pipelines: reports.map((report) => {
        const found = drift?.get(report.service);
        return {
          ...viewOfPipeline(report),
          connectorName: pipelineNames(report.service).connector,
          drift: found === undefined ? null : viewOfDrift(found),
          samples: [...pipelines.samples(report.service)],
        };
      }),
      groups: groups ?? null,
    };
    return c.json(overview, 200, { 'Cache-Control': 'no-store' });
  });

  app.openapi(auditorApi.readIncidents, (c) => {
    const data = pipelines
      .incidents()
      .map(({ name, service, startedAt, endedAt, lastAction, ...incident }) => ({
        ...incident,
        service,
        connectorName: pipelineNames(service).connector,
        problem: name,
        startedAt: new Date(startedAt).toISOString(),
        endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
        lastAction: lastAction && { ...lastAction, at: new Date(lastAction.at).toISOString() },
      }));
    return c.json({ since, data }, 200, { 'Cache-Control': 'no-store' });
  });

  app.openapi(auditorApi.readInvariants, (c) => {
    const meanings = Object.entries(invariants).map(([name, sentence]) => ({ name, sentence }));
    return c.json({ ...viewOfReport(latestAudit()), invariants: meanings }, 200, {
      'Cache-Control': 'no-store',
    });
  });

  for (const service of everyService)
    app.use(`/api/v1/connectors/${service}/*`, recordRefusals(databaseOf(service)));

  const act = async (c: AppContext, service: Service, action: ConnectorAction) => {
    const connector = pipelineNames(service).connector;
    const entry = { outcome: 'accepted', resource: connector } as const;
    await recordAction(databaseOf(service), personsActionOf(c), entry, new Date());
    try {
      if (action === 'restart') await restartConnector(connectUrl, connector, 'all', connectTimeoutMs);
      else await pauseOrResume(connectUrl, connector, action, connectTimeoutMs);
    } catch (cause) {
      if (cause instanceof ConnectorAbsent)
        throw problem('connector_absent', {
          detail: `${cause.message}; npm run connectors -- apply creates it.`,
        });
      throw problem('unavailable', {
        detail: `Kafka Connect did not ${action} ${connector}: ${messageOf(cause)}.`,
        headers: { 'Retry-After': '5' },
        cause,
      });
    }
    pipelines.recordActed(service, { at: Date.now(), by: 'administrator', action });
    return { connector, action };
  };
  for (const action of connectorActions) {
    app.openapi(auditorApi[`${action}Connector`], async (c) => {
      const { service } = c.req.valid('param');
      const key = c.req.valid('header')['idempotency-key'];
      const request = { key, body: {}, status: 202, schema: actionView };
      const { view, headers } = await runKeyed(c, databaseOf(service), request, () =>
        act(c, service, action),
      );
      return c.json(view, 202, headers);
    });
  }
}
