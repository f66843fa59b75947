// Converts the report of an audit to its JSON view.
import type { z } from '@hono/zod-openapi';
import type { Finding, Report } from '../audit.ts';
import type { findingView, reportView } from './api.ts';

const toView = ({ id, invariant, key, sentence, since }: Finding): z.infer<typeof findingView> => ({
  id,
  invariant,
  key,
  sentence,
  since: new Date(since).toISOString(),
});

export const viewOfReport = (report: Report): z.infer<typeof reportView> => ({
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
