// What the auditor found, for people (JSON) and for Prometheus. Ids and amounts only, so it needs no login; like the metrics
// of the services it belongs on an internal network.
import { createRoute, z } from '@hono/zod-openapi';
import type { Health } from '../platform/health.ts';
import { createApp, type App } from '../platform/http.ts';
import type { Logger } from '../platform/logger.ts';
import { problem, problemResponses } from '../platform/problem.ts';
import { invariants, type Auditor, type Finding, type Report } from './audit.ts';

const findingSchema = z.object({
  id: z.string(),
  invariant: z.string(),
  key: z.string(),
  sentence: z.string(),
  since: z.iso.datetime(),
});
const reportSchema = z
  .object({
    status: z.enum(['ok', 'violated']),
    checkedAt: z.iso.datetime(),
    topicsRead: z.boolean().openapi({ description: 'False: nothing is said about the topics' }),
    violations: z.array(findingSchema),
    inFlight: z.int().openapi({ description: 'Differences that events on their way may explain' }),
    stuck: z.array(
      z.object({
        orderId: z.string(),
        status: z.string(),
        waitsFor: z.enum(['reservation', 'payment', 'pin', 'release', 'refund', 'commit']),
        due: z.iso.datetime(),
        missing: z.array(z.string()),
      }),
    ),
    figures: z.record(z.string(), z.number()),
  })
  .openapi('Audit');

const toView = ({ id, invariant, key, sentence, since }: Finding): z.infer<typeof findingSchema> => ({
  id,
  invariant,
  key,
  sentence,
  since: new Date(since).toISOString(),
});

/** The report as JSON. */
export const reportView = (report: Report): z.infer<typeof reportSchema> => ({
  status: report.status,
  checkedAt: report.checkedAt.toISOString(),
  topicsRead: report.topicsRead,
  violations: report.violations.map(toView),
  inFlight: report.inFlight.length,
  stuck: report.stuck.map(({ due, missing, ...order }) => ({
    ...order,
    due: new Date(due).toISOString(),
    missing: [...missing],
  })),
  figures: { ...report.figures },
});

const metric = (name: string, help: string, samples: readonly (readonly [string, number])[]): string =>
  [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
  ].join('\n');

/** The report in Prometheus' text format; every invariant has a sample, so that an alert can be written before it fires. */
export const metricsOf = ({ violations, stuck, figures, checkedAt }: Report): string => {
  const counts = Object.keys(invariants).map((name): [string, number] => [
    `{invariant="${name}"}`,
    violations.filter(({ invariant }) => invariant === name).length,
  ]);
  return `${[
    metric('orderflow_invariant_violations', 'Violations of an invariant in the last audit.', counts),
    metric('orderflow_stuck_orders', 'Orders past the deadline of a step of the saga.', [['', stuck.length]]),
    metric('orderflow_audit_duration_seconds', 'How long the last audit took.', [
      ['', figures.durationMs / 1_000],
    ]),
    metric('orderflow_audit_last_run_timestamp_seconds', 'When the last audit ended.', [
      ['', checkedAt.getTime() / 1_000],
    ]),
  ].join('\n')}\n`;
};

export interface AuditorAppOptions {
  readonly logger: Logger;
  readonly health: Health;
  readonly auditor: Pick<Auditor, 'latest'>;
  readonly publicUrl?: string | undefined;
}

export const createAuditorApp = ({ logger, health, auditor, publicUrl }: AuditorAppOptions): App => {
  const app = createApp({
    logger,
    title: 'OrderFlow auditor',
    description: 'Whether the invariants of the system hold, looked at from outside.',
    publicUrl,
  });
  health.register(app);

  const latest = (): Report => {
    const report = auditor.latest();
    if (!report) throw problem('unavailable', { detail: 'No audit has ended yet.' });
    return report;
  };
  app.openapi(
    createRoute({
      method: 'get',
      path: '/audit',
      tags: ['audit'],
      summary: 'The last audit',
      responses: {
        200: {
          description: 'What holds and what does not',
          content: { 'application/json': { schema: reportSchema } },
        },
        ...problemResponses(503),
      },
    }),
    (c) => c.json(reportView(latest()), 200, { 'Cache-Control': 'no-store' }),
  );
  app.get('/metrics', (c) =>
    c.text(metricsOf(latest()), 200, { 'Content-Type': 'text/plain; version=0.0.4' }),
  );
  return app;
};
