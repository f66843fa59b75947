// The auditor's HTTP routes and metrics: the report of the last audit, the pipelines, the stories of orders, and the operations on
// connectors.
import { permissionsOfProcesses } from '../../platform/http/endpoint/permissions.ts';
import { permissions } from './permissions.ts';
import { Gauge } from 'prom-client';
import { type App } from '../../platform/http/server/request-context.ts';
import { assertPermitted, endpoint } from '../../platform/http/endpoint/endpoint.ts';
import type { Health } from '../../platform/http/routes/health.ts';
import type { HttpOptions } from '../../platform/http/limits/guards.ts';
import { addGauge, createMetrics, type Metrics } from '../../platform/telemetry/metrics.ts';
import { createApp } from '../../platform/http/server/app.ts';
import type { Logger } from '../../platform/process/logger.ts';
import { registerPipelineRoutes } from './pipeline-routes.ts';
import { registerStoryRoutes, type StorySources } from './story-routes.ts';
import type { Pipelines } from '../pipelines/pipelines.ts';
import { invariants, type Auditor, type Report } from '../audit.ts';
import { auditorProblems, problem, reportView } from './api.ts';
import { registerOperationsRoutes, type OperationsSources } from './operations-routes.ts';
import { viewOfReport } from './report-view.ts';

/** Every invariant has a sample after the first audit, so that alerts find a series before the first violation. */
const addAuditMetrics = (metrics: Metrics, latest: () => Report | undefined): void => {
  new Gauge({
    name: 'orderflow_invariant_violations',
    help: 'Violations of an invariant in the last audit.',
    labelNames: ['invariant'],
    registers: [metrics.registry],
    collect() {
      const report = latest();
      if (!report) return;
      for (const name of Object.keys(invariants)) {
        this.set({ invariant: name }, report.violations.filter(({ invariant }) => invariant === name).length);
      }
    },
  });
  addGauge(
    metrics,
    'orderflow_stuck_orders',
    'Orders past the deadline of a step of the saga.',
    () => latest()?.stuck.length,
  );
  addGauge(metrics, 'orderflow_audit_duration_seconds', 'Duration of the last audit.', () => {
    const report = latest();
    return report && report.figures.durationMs / 1_000;
  });
  addGauge(metrics, 'orderflow_audit_last_run_timestamp_seconds', 'When the last audit ended.', () => {
    const report = latest();
    return report && report.checkedAt.getTime() / 1_000;
  });
};

interface AuditorAppOptions {
  readonly logger: Logger;
  readonly health: Health;
  readonly auditor: Pick<Auditor, 'latest'>;
  readonly pipelines: Omit<Pipelines, 'stop'>;
  readonly stories: StorySources;
  readonly operations: OperationsSources;
  readonly publicUrl?: string | undefined;
  readonly httpOptions?: HttpOptions;
}

export const createAuditorApp = ({
  logger,
  health,
  auditor,
  pipelines,
  stories,
  operations,
  publicUrl,
  httpOptions,
}: AuditorAppOptions): App => {
  const metrics = httpOptions?.metrics ?? createMetrics();
  addAuditMetrics(metrics, auditor.latest);
  const app = createApp({
    logger,
    title: 'OrderFlow auditor',
    description:
      'Checks independently of the services whether the invariants of the system hold and its pipelines deliver events.',
    problems: auditorProblems,
    publicUrl,
    ...httpOptions,
    metrics,
  });
  health.register(app);

  const latest = (): Report => {
    const report = auditor.latest();
    if (!report) throw problem('unavailable', { detail: 'No audit has completed yet.' });
    return report;
  };
  app.openapi(
    endpoint(permissions['auditor.report'], {
      tags: ['audit'],
      summary: 'The last audit',
      responses: {
        200: {
          description: 'The invariants that are violated, and the orders that are stuck',
          content: { 'application/json': { schema: reportView } },
        },
      },
    }),
    (c) => c.json(viewOfReport(latest()), 200, { 'Cache-Control': 'no-store' }),
  );
  registerPipelineRoutes(app, pipelines);
  registerStoryRoutes(app, stories);
  registerOperationsRoutes(app, operations, pipelines, latest);
  assertPermitted(app, 'auditor', permissions, permissionsOfProcesses);
  return app;
};
