// An alert on a figure that nobody exposes never fires, and nobody notices. So every name in the rules is held against what
// the processes and the exporter really expose, and every alert against the runbook that it sends people to.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { problemNames } from '../../services/auditor/domain/pipeline-problems.ts';
import { createSagaMetrics } from '../../services/order/saga-metrics.ts';
import { createMetrics } from '../../services/platform/telemetry/metrics.ts';
import { exposedFigures, figuresIn } from './documents/exposed-figures.ts';

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
      runbook: /^ +runbook: (\S+)$/m.exec(text)?.[1] ?? '',
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
  it('are in the four layers, and nowhere else', () => {
    expect(readdirSync(join(root, 'connectors', 'alerts')).sort()).toEqual(
      [...layers.map((layer) => `${layer}.yml`), 'tests'].sort(),
    );
    expect(alerts.length).toBeGreaterThan(20);
    expect(new Set(alerts.map(({ name }) => name)).size).toBe(alerts.length);
  });

  it('look at figures that are exposed', async () => {
    const known = await exposedFigures();
    for (const { name, expression } of [...records, ...alerts]) {
      const figures = figuresIn(expression);
      expect(figures, name).not.toEqual([]);
      expect(
        figures.filter((figure) => !known.has(figure)),
        name,
      ).toEqual([]);
    }
  });

  it('record what their names say: each over its own window, and the bound that the histogram has', async () => {
    expect(records.length).toBeGreaterThan(10);
    for (const { name, expression } of records) {
      const window = /(\d+[mhd])$/.exec(name)?.[1] ?? 'none';
      const read = [...expression.matchAll(/\[(\w+)\]|:\w+?(\d+[mhd]) /g)].map(
        ([, range, of]) => range ?? of,
      );
      expect(new Set(read), name).toEqual(new Set([window]));
    }
    const metrics = createMetrics();
    createSagaMetrics(metrics);
    const text = await metrics.registry.metrics();
    expect(text).toContain('orderflow_order_settled_seconds_bucket{le="2",mode="AUTO"} 0');
    expect(text).toContain('orderflow_orders_placed_total{mode="AUTO"} 0');
  });

  it('look for problems that there are', () => {
    const named = alerts.flatMap(({ expression }) =>
      [...expression.matchAll(/problem=~?"([^"]+)"/g)].flatMap(([, values = '']) => values.split('|')),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !problemNames.some((problem) => problem === name))).toEqual([]);
  });

  it.each(alerts)('$name says what it is and where to read on', ({ layer, severity, summary, runbook }) => {
    expect(['page', 'warning']).toContain(severity);
    expect(layers).toContain(layer);
    expect(summary).not.toBe('');
    const [file = '', section = ''] = runbook.split('#');
    expect(existsSync(join(root, file))).toBe(true);
    expect(headings(file)).toContain(section);
  });

  it.each(alerts)('$name has a test in which it fires, and one in which it does not', ({ layer, name }) => {
    const cases = read('connectors', 'alerts', 'tests', `${layer}.yml`)
      .split('      - eval_time:')
      .filter((text) => new RegExp(`alertname: ${name}$`, 'm').test(text));
    const quiet = cases.filter((text) => text.includes('exp_alerts: []'));
    expect(cases.length - quiet.length).toBeGreaterThan(0);
    expect(quiet.length).toBeGreaterThan(0);
  });
});

describe('the runbooks', () => {
  const books = readdirSync(join(root, 'connectors', 'runbooks')).map(
    (name) => `connectors/runbooks/${name}`,
  );

  it('have no section for an alert that is not there', () => {
    const sections = [...read('connectors', 'runbooks', 'alerts.md').matchAll(/^### ([A-Z]\w+)$/gm)];
    expect(sections.map(([, name]) => name).sort()).toEqual(alerts.map(({ name }) => name).sort());
  });

  it.each(books)('%s leads to pages and sections that there are', (book) => {
    const text = read(book);
    const folder = join(root, 'connectors', 'runbooks');
    for (const [, link = ''] of text.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [file = '', section] = link.split('#');
      const target = file === '' ? join(root, book) : join(folder, file);
      expect(existsSync(target), link).toBe(true);
      if (section !== undefined) expect(headings(target.slice(root.length + 1)), link).toContain(section);
    }
  });
});

it('what the auditor advises for a problem is a page and a section that there is', () => {
  const source = read('services', 'auditor', 'domain', 'pipeline.ts');
  const links = [...source.matchAll(/\$\{runbook\}\/([\w-]+\.md)(?:#(\w+))?/g)];
  expect(links.length).toBeGreaterThan(5);
  for (const [link, file = '', section] of links) {
    const path = `connectors/runbooks/${file}`;
    expect(existsSync(join(root, path)), link).toBe(true);
    if (section !== undefined) expect(headings(path), link).toContain(section);
  }
});
