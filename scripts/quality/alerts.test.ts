// An alert on a metric that does not exist never fires, and nobody notices. So the tests compare every metric name in the rules
// with the metrics that the processes and the JMX exporter expose, and check that the runbook of every alert exists.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { problemNames } from '../../services/auditor/domain/pipeline-problems.ts';
import { createSagaMetrics } from '../../services/order/saga-metrics.ts';
import { createMetrics } from '../../services/platform/telemetry/metrics.ts';
import { exposedMetrics, metricsIn } from './documents/exposed-metrics.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
const layers = ['business', 'pipeline', 'slo', 'slot'];
const alerts = layers.flatMap((layer) =>
  read('connectors', 'alerts', `${layer}.yml`)
    .split(/\n {6}- (?=alert: )/)
    .slice(1)
    .map((text) => ({
      layer,
      name: /^alert: (\w+)$/m.exec(text)?.[1] ?? '',
      expression: /^ +expr: (.+)$/m.exec(text)?.[1] ?? '',
      severity: /severity: (\w+)/.exec(text)?.[1] ?? '',
      summary: /^ +summary: (.+)$/m.exec(text)?.[1] ?? '',
      runbookUrl: /^ +runbook_url: (\S+)$/m.exec(text)?.[1] ?? '',
    })),
);

const records = layers.flatMap((layer) =>
  [...read('connectors', 'alerts', `${layer}.yml`).matchAll(/- record: (\S+)\n +expr: (.+)$/gm)].map(
    ([, name = '', expression = '']) => ({ name, expression }),
  ),
);

const headings = (file: string): ReadonlySet<string> =>
  new Set(
    [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading.toLowerCase().replaceAll(' ', '-'),
    ),
  );

describe('the alert rules', () => {
  it('are in the files of the four layers', () => {
    expect(readdirSync(join(root, 'connectors', 'alerts')).sort()).toEqual(
      [...layers.map((layer) => `${layer}.yml`), 'tests'].sort(),
    );
    expect(alerts.length).toBeGreaterThan(20);
    expect(new Set(alerts.map(({ name }) => name)).size).toBe(alerts.length);
  });

  it('query only metrics that are exposed', () => {
    const exposed = exposedMetrics();
    for (const { name, expression } of [...records, ...alerts]) {
      const queried = metricsIn(expression);
      expect(queried, name).not.toEqual([]);
      expect(
        queried.filter((metric) => !exposed.has(metric)),
        name,
      ).toEqual([]);
    }
  });

  it('record metrics with the time window in their names, and query a bucket that the histogram has', async () => {
    expect(records.length).toBeGreaterThan(10);
    for (const { name, expression } of records) {
      const window = /(\d+[mhd])$/.exec(name)?.[1] ?? 'none';
      const windows = [...expression.matchAll(/\[(\w+)\]|:\w+?(\d+[mhd]) /g)].map(
        ([, range, recorded]) => range ?? recorded,
      );
      expect(new Set(windows), name).toEqual(new Set([window]));
    }
    const buckets = records.filter(({ expression }) => expression.includes('_bucket{'));
    expect(buckets.length).toBeGreaterThan(0);
    for (const { name, expression } of buckets)
      expect(expression, name).toContain('orderflow_order_settled_seconds_bucket{mode="AUTO",le=~"2|2.0"}');
    const metrics = createMetrics();
    createSagaMetrics(metrics);
    const text = await metrics.registry.metrics();
    expect(text).toContain('orderflow_order_settled_seconds_bucket{le="2",mode="AUTO"} 0');
    expect(text).toContain('orderflow_orders_placed_total{mode="AUTO"} 0');
  });

  it('name only problems that the auditor reports', () => {
    const problems = alerts.flatMap(({ expression }) =>
      [...expression.matchAll(/problem=~?"([^"]+)"/g)].flatMap(([, values = '']) => values.split('|')),
    );
    expect(problems.length).toBeGreaterThan(3);
    expect(problems.filter((name) => !problemNames.some((problem) => problem === name))).toEqual([]);
  });

  it.each(alerts)(
    'give $name a severity, a summary and an existing section of a runbook',
    ({ layer, severity, summary, runbookUrl }) => {
      expect(['page', 'warning']).toContain(severity);
      expect(layers).toContain(layer);
      expect(summary).not.toBe('');
      // A page of the dashboard, which shows the files of connectors/runbooks.
      const [, name = '', section = ''] =
        /^http:\/\/localhost:3000\/runbooks\/([a-z-]+)#(\w+)$/.exec(runbookUrl) ?? [];
      const file = `connectors/runbooks/${name}.md`;
      expect(existsSync(join(root, file))).toBe(true);
      expect(headings(file)).toContain(section);
    },
  );

  it.each(alerts)('have a test in which $name fires and one in which it does not', ({ layer, name }) => {
    const cases = read('connectors', 'alerts', 'tests', `${layer}.yml`)
      .split('      - eval_time:')
      .filter((text) => new RegExp(`alertname: ${name}$`, 'm').test(text));
    const quiet = cases.filter((text) => text.includes('exp_alerts: []'));
    expect(cases.length - quiet.length).toBeGreaterThan(0);
    expect(quiet.length).toBeGreaterThan(0);
  });
});

it('connectors/runbooks/alerts.md has a section for every alert and no other', () => {
  const sections = [...read('connectors', 'runbooks', 'alerts.md').matchAll(/^### ([A-Z]\w+)$/gm)];
  expect(sections.map(([, name]) => name).sort()).toEqual(alerts.map(({ name }) => name).sort());
});

it('the auditor names only existing pages and sections of the runbooks as remedies', () => {
  const source = read('services', 'auditor', 'domain', 'pipeline.ts');
  const links = [...source.matchAll(/\$\{runbook\}\/([\w-]+\.md)(?:#(\w+))?/g)];
  expect(links.length).toBeGreaterThan(5);
  for (const [link, file = '', section] of links) {
    const path = `connectors/runbooks/${file}`;
    expect(existsSync(join(root, path)), link).toBe(true);
    if (section !== undefined) expect(headings(path), link).toContain(section);
  }
});
