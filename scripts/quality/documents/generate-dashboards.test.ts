// A graph of a figure that nobody exposes is an empty graph, which looks like a quiet system. So every query is held against
// what there is, and the targets of Prometheus against the one description of the system.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exposedFigures, figuresIn } from './exposed-figures.ts';
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
  it('are those that are described, under the names by which others link to them', () => {
    expect(dashboardsDrift()).toBeUndefined();
    expect(files).toEqual(Object.keys(dashboards).sort());
    expect(files.map((file) => parse(file).uid)).toEqual([
      'orderflow-cdc-pipeline',
      'orderflow-saga',
      'orderflow-services',
    ]);
  });

  it.each(files)('%s asks for figures that are exposed', async (file) => {
    const known = await exposedFigures();
    for (const { title, type, targets = [] } of panelsOf(file)) {
      if (type !== 'row') expect(targets, title).not.toEqual([]);
      for (const { expr } of targets) {
        const figures = figuresIn(expr);
        expect(figures, title).not.toEqual([]);
        expect(
          figures.filter((figure) => !known.has(figure)),
          title,
        ).toEqual([]);
      }
    }
  });

  it.each(files)('%s names in each legend only labels that its query keeps', (file) => {
    for (const { title, targets = [] } of panelsOf(file)) {
      for (const { expr, legendFormat } of targets) {
        const kept = [...expr.matchAll(/by \(([^)]+)\)/g)].flatMap(([, labels = '']) => labels.split(', '));
        const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
        // A query that adds nothing up keeps what Prometheus itself says of the target.
        const there = kept.length > 0 ? kept : ['job', 'instance'];
        expect(
          shown.filter((label) => !there.includes(label)),
          title,
        ).toEqual([]);
      }
    }
  });

  it.each(files)('%s has panels that lie beside each other, each with its own number', (file) => {
    const panels = panelsOf(file);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it('ask the data source that Grafana is given', () => {
    expect(read('grafana', 'provisioning', 'datasources', 'orderflow.yml')).toContain(
      `uid: ${prometheusUid}`,
    );
    for (const { datasource, type } of files.flatMap(panelsOf)) {
      if (type !== 'row') expect(datasource?.uid).toBe(prometheusUid);
    }
  });
});

it('Prometheus scrapes every process that has figures, at the port that it has', () => {
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
