// Checks deploy/observability/grafana/dashboards. A graph of a metric that does not exist is empty, which looks like an idle
// system. So the tests compare every query with the exposed metrics, and the Prometheus targets with the topology.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { exposedMetrics, groupedBy, metricsIn } from './exposed-metrics.ts';
import { ports } from '../../stack/topology.ts';

const observability = join(import.meta.dirname, '..', '..', '..', 'deploy', 'observability');
const read = (...path: string[]): string => readFileSync(join(observability, ...path), 'utf8');

const named = z.string().min(1);
const provisioned = /uid: (\S+)/.exec(read('grafana', 'provisioning', 'datasources', 'orderflow.yml'))?.[1];
const datasource = z.object({ type: z.literal('prometheus'), uid: z.literal(provisioned) });
const position = z.object({
  x: z.int().min(0),
  y: z.int().min(0),
  w: z.int().min(1),
  h: z.int().min(1),
});
const rowSchema = z.object({ id: z.int(), type: z.literal('row'), title: named, gridPos: position });
const panelSchema = z.object({
  id: z.int(),
  type: z.enum(['stat', 'timeseries']),
  title: named,
  description: named,
  datasource,
  gridPos: position,
  fieldConfig: z.object({
    defaults: z.object({
      unit: z.enum(['s', 'bytes', 'percentunit', 'reqps', 'ops', 'short', 'none']),
    }),
  }),
  targets: z.array(z.object({ refId: named, datasource, expr: named, legendFormat: named })).min(1),
});
const dashboardSchema = z.object({
  uid: named,
  title: named,
  description: named,
  // The dashboards link to each other by this tag.
  tags: z.tuple([z.literal('orderflow')]),
  panels: z.array(z.discriminatedUnion('type', [rowSchema, panelSchema])).min(1),
});

const files = readdirSync(join(observability, 'grafana', 'dashboards')).sort();
const contentOf = (file: string): unknown => JSON.parse(read('grafana', 'dashboards', file));
const dashboardOf = (file: string) => dashboardSchema.parse(contentOf(file));
const targetsOf = (file: string) =>
  dashboardOf(file).panels.flatMap((panel) =>
    panel.type === 'row' ? [] : panel.targets.map((target) => ({ title: panel.title, ...target })),
  );

describe('the dashboards', () => {
  it('have the uids that links and bookmarks contain', () => {
    expect(files.map((file) => [file, dashboardOf(file).uid])).toEqual([
      ['cdc-pipeline.json', 'orderflow-cdc-pipeline'],
      ['saga.json', 'orderflow-saga'],
      ['services.json', 'orderflow-services'],
    ]);
  });

  it.each(files)(
    '%s has a title, a description, a unit and the provisioned data source in every panel',
    (file) => {
      expect(dashboardSchema.safeParse(contentOf(file)).error?.issues).toBeUndefined();
    },
  );

  it.each(files)('%s queries only metrics that are exposed, by labels that these metrics have', (file) => {
    const exposed = exposedMetrics();
    for (const { title, expr } of targetsOf(file)) {
      const metrics = metricsIn(expr);
      expect(metrics, title).not.toEqual([]);
      expect(
        metrics.filter((metric) => !exposed.has(metric)),
        title,
      ).toEqual([]);
      const labels = metrics.flatMap((metric) => exposed.get(metric) ?? []);
      const selected = [...expr.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label);
      expect(
        [...groupedBy(expr), ...selected].filter((label) => !labels.includes(label)),
        title,
      ).toEqual([]);
    }
  });

  it.each([
    ['services.json', '5xx answers'],
    ['cdc-pipeline.json', 'Problems'],
  ])('%s shows 0 and not "no data" while there are no %s', (file, panel) => {
    const queries = targetsOf(file).filter(({ title }) => title === panel);
    expect(queries).toHaveLength(1);
    for (const { expr } of queries) expect(expr).toMatch(/ or (?:0 \*|\(vector\(0\))/);
  });

  it.each(files)('%s uses in each legend only labels that its query keeps', (file) => {
    for (const { title, expr, legendFormat } of targetsOf(file)) {
      const legendLabels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
      const outermost = /^(?:sum|max|min|avg|count)\b(?: by \(([^)]+)\))?/.exec(expr);
      const keptLabels = outermost === null ? groupedBy(expr) : (outermost[1]?.split(', ') ?? []);
      // A query without an aggregation keeps the labels of the target.
      const available = outermost === null && keptLabels.length === 0 ? ['job', 'instance'] : keptLabels;
      expect(
        legendLabels.filter((label) => !available.includes(label)),
        title,
      ).toEqual([]);
    }
  });

  it.each(files)('%s has panels that do not overlap, each with a unique id', (file) => {
    const { panels } = dashboardOf(file);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });
});

it('Prometheus scrapes every process that exposes metrics at its port', () => {
  const targets = [...read('prometheus.yml').matchAll(/names: \[(\w+)\], type: A, port: (\d+)/g)].map(
    ([, name = '', port]) => [name, Number(port)] as const,
  );
  const { dashboard, order, inventory, payment, gateway, auditor, connectMetrics } = ports;
  expect(Object.fromEntries(targets)).toEqual({
    dashboard: dashboard.default,
    order: order.default,
    inventory: inventory.default,
    payment: payment.default,
    gateway: gateway.default,
    auditor: auditor.default,
    connect: connectMetrics.default,
  });
});
