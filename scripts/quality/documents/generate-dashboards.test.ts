// A graph of a metric that does not exist is empty, which looks like an idle system. So the tests compare every query with the
// exposed metrics, and the Prometheus targets with the topology.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exposedMetrics, metricsIn } from './exposed-metrics.ts';
import {
  dashboards,
  dashboardsDrift,
  dashboardsFolder,
  observabilityFolder,
  prometheusUid,
} from './generate-dashboards.ts';
import { ports } from '../../stack/topology.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
  }[];
}

const files = readdirSync(dashboardsFolder).sort();
const read = (...path: string[]): string => readFileSync(join(observabilityFolder, ...path), 'utf8');
const parse = (file: string) => {
  const dashboard: { readonly uid: string; readonly panels: readonly Panel[] } = JSON.parse(
    read('grafana', 'dashboards', file),
  );
  return dashboard;
};
const panelsOf = (file: string): readonly Panel[] => parse(file).panels;

describe('the dashboards', () => {
  it('are up to date, with the uids that links use', () => {
    expect(dashboardsDrift()).toBeUndefined();
    expect(files).toEqual(Object.keys(dashboards).sort());
    expect(files.map((file) => parse(file).uid)).toEqual([
      'orderflow-cdc-pipeline',
      'orderflow-saga',
      'orderflow-services',
    ]);
  });

  it.each(files)('%s queries only metrics that are exposed', async (file) => {
    const exposed = await exposedMetrics();
    for (const { title, type, targets = [] } of panelsOf(file)) {
      if (type !== 'row') expect(targets, title).not.toEqual([]);
      for (const { expr } of targets) {
        const queried = metricsIn(expr);
        expect(queried, title).not.toEqual([]);
        expect(
          queried.filter((metric) => !exposed.has(metric)),
          title,
        ).toEqual([]);
      }
    }
  });

  it.each(files)('%s uses in each legend only labels that its query keeps', (file) => {
    for (const { title, targets = [] } of panelsOf(file)) {
      for (const { expr, legendFormat } of targets) {
        const kept = [...expr.matchAll(/by \(([^)]+)\)/g)].flatMap(([, labels = '']) => labels.split(', '));
        const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
        // A query without an aggregation keeps the labels of the target.
        const available = kept.length > 0 ? kept : ['job', 'instance'];
        expect(
          shown.filter((label) => !available.includes(label)),
          title,
        ).toEqual([]);
      }
    }
  });

  it.each(files)('%s has panels that do not overlap, each with its own id', (file) => {
    const panels = panelsOf(file);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it('query the provisioned data source', () => {
    expect(read('grafana', 'provisioning', 'datasources', 'orderflow.yml')).toContain(
      `uid: ${prometheusUid}`,
    );
    for (const { datasource, type } of files.flatMap(panelsOf)) {
      if (type !== 'row') expect(datasource?.uid).toBe(prometheusUid);
    }
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
