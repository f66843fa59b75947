// The result of the last check of the pipelines, as JSON and as a health probe per pipeline. It is kept in memory, so responses do
// not wait for a database, Kafka or Connect.
import { permissions } from './permissions.ts';
import { z } from '@hono/zod-openapi';
import { endpoint } from '../../platform/http/endpoint/endpoint.ts';
import { healthSchema, type HealthReport } from '../../platform/http/routes/health.ts';
import { problem } from '../../platform/http/endpoint/problem.ts';
import type { App } from '../../platform/http/server/request-context.ts';
import { everyService } from '../domain/facts.ts';
import { pipelineParts } from '../domain/pipeline-problems.ts';
import { pipelinesView, type pipelineView } from './api.ts';
import type { PipelineReport, Pipelines } from '../pipelines/pipelines.ts';

export const viewOfPipeline = (report: PipelineReport): z.infer<typeof pipelineView> => {
  const { connector, slot, canaries, watchdog, database } = report;
  return {
    service: report.service,
    status: report.status,
    checkedAt: report.checkedAt.toISOString(),
    problems: report.problems.map(({ name, level, sentence, remedy, since }) => ({
      problem: name,
      level,
      sentence,
      remedy,
      since: new Date(since).toISOString(),
    })),
    connector: {
      state: connector.kind,
      ...('why' in connector ? { why: connector.why.split('\n')[0] } : {}),
    },
    slot: slot && {
      active: slot.active,
      walStatus: slot.walStatus,
      lagBytes: slot.lagBytes,
      retainedBytes: slot.retainedBytes,
      safeBytes: slot.safeBytes,
      confirmedLsn: slot.confirmedLsn,
      confirmedSecondsAgo: report.confirmedSecondsAgo,
    },
    canary: {
      roundTripMs: canaries.lastRoundTripMs ?? null,
      waitingMs: canaries.waitingMs,
      sent: canaries.sent,
      lost: canaries.lost,
    },
    watchdog: { ...watchdog },
    outbox: database && {
      rows: database.outboxRows,
      bytes: database.outboxBytes,
      oldestSeconds: database.outboxOldestSeconds,
    },
  };
};

/** The health report has one check per part of the pipeline. Warnings do not make a check unavailable. */
const toHealth = ({ problems, status }: PipelineReport): HealthReport => ({
  status: status === 'ok' ? 'ok' : 'unavailable',
  checks: Object.fromEntries(
    pipelineParts.map((part) => {
      const found = problems.filter((problem) => problem.part === part);
      const broken = found.some(({ level }) => level === 'broken');
      const detail = found.map(({ sentence }) => sentence).join(' ');
      return [
        part,
        { status: broken ? ('unavailable' as const) : ('ok' as const), ...(detail === '' ? {} : { detail }) },
      ];
    }),
  ),
});

/** The last check of each pipeline. Throws the problem `unavailable` before the first check. */
export const requireReports = ({ latest }: Pick<Pipelines, 'latest'>): readonly PipelineReport[] => {
  const reports = latest();
  if (reports.length === 0)
    throw problem('unavailable', { detail: 'The pipelines have not been checked yet.' });
  return reports;
};

export const statusOf = (reports: readonly PipelineReport[]): 'ok' | 'broken' =>
  reports.every(({ status }) => status === 'ok') ? 'ok' : 'broken';

export function registerPipelineRoutes(app: App, pipelines: Pick<Pipelines, 'latest'>): void {
  app.openapi(
    endpoint(permissions['pipelines.report'], {
      tags: ['pipelines'],
      summary: 'The pipelines from the outboxes to their topics',
      description: 'Slot, connector, canary and watchdog of each pipeline at the last check.',
      responses: {
        200: {
          description: 'The state of each pipeline',
          content: { 'application/json': { schema: pipelinesView } },
        },
      },
    }),
    (c) => {
      const reports = requireReports(pipelines);
      const view = { status: statusOf(reports), pipelines: reports.map(viewOfPipeline) };
      return c.json(view, 200, { 'Cache-Control': 'no-store' });
    },
  );
  const content = { 'application/json': { schema: healthSchema } };
  app.openapi(
    endpoint(permissions['pipelines.health'], {
      tags: ['pipelines'],
      kind: 'probe',
      summary: 'Whether a pipeline delivers events',
      request: { params: z.object({ service: z.enum(everyService) }) },
      responses: {
        200: { description: 'The pipeline delivers events', content },
        503: { description: 'The pipeline is broken, or has not been checked yet', content },
      },
    }),
    (c) => {
      const { service } = c.req.valid('param');
      const report = pipelines.latest().find((candidate) => candidate.service === service);
      if (!report) {
        const checks = {
          checked: { status: 'unavailable' as const, detail: 'the pipeline has not been checked yet' },
        };
        return c.json({ status: 'unavailable' as const, checks }, 503);
      }
      const health = toHealth(report);
      return health.status === 'ok' ? c.json(health, 200) : c.json(health, 503);
    },
  );
}
