// The names and labels of all metrics, read from their sources: the code of the processes, the configuration of the JMX exporter
// and the recording rules. Tests compare the queries of alert rules and dashboards with these metrics, because a query for an
// unknown metric returns nothing and reports no error.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/postgres-js';
import { parse } from 'yaml';
import { z } from 'zod';
import { createAuditorApp } from '../../../services/auditor/http/routes.ts';
import { createPipelineMetrics } from '../../../services/auditor/pipelines/pipeline-metrics.ts';
import {
  addReservationGauges,
  createReservationMetrics,
} from '../../../services/inventory/reservation-metrics.ts';
import { createSagaMetrics } from '../../../services/order/saga-metrics.ts';
import { addGatewayMetrics, createPaymentMetrics } from '../../../services/payment/payment-metrics.ts';
import {
  addDatabaseMetrics,
  addRetentionMetric,
} from '../../../services/platform/database/database-metrics.ts';
import { readConfig } from '../../../services/platform/process/settings/config.ts';
import { createEventMetrics } from '../../../services/platform/messaging/event-metrics.ts';
import { createHttpOptions } from '../../../services/platform/http/limits/guards.ts';
import { guardSettings } from '../../../services/platform/process/settings/guard-settings.ts';
import { createHealth } from '../../../services/platform/http/routes/health.ts';
import { silentLogger } from '../../../services/platform/process/silent-logger.ts';

type LabelsByMetric = readonly (readonly [name: string, labels: readonly string[]])[];

const connectors = join(import.meta.dirname, '..', '..', '..', 'connectors');
const yamlIn = (...path: string[]): unknown => parse(readFileSync(join(connectors, ...path), 'utf8'));

/** Prometheus adds these labels to every metric that it scrapes. */
const targetLabels = ['job', 'instance'];

/** The labels that a query groups by. */
export const groupedBy = (query: string): readonly string[] =>
  [...query.matchAll(/by \(([^)]+)\)/g)].flatMap(([, labels = '']) => labels.split(', '));

/** Every metric that a process exposes, with or without a value. */
const metricsOfProcesses = (): LabelsByMetric => {
  const { httpOptions } = createHttpOptions(readConfig(guardSettings, {}));
  const { metrics } = httpOptions;
  const noValues = () => Promise.resolve(new Map<string, never>());
  const notCalled = () => Promise.reject(new Error('reading the metrics calls no route'));
  addDatabaseMetrics(metrics, []);
  addRetentionMetric(metrics, 'none', 7);
  createEventMetrics(metrics, { group: 'none', emitted: [] }).observe(() => undefined);
  createSagaMetrics(metrics);
  createReservationMetrics(metrics);
  addReservationGauges(metrics, noValues);
  createPaymentMetrics(metrics);
  addGatewayMetrics(
    metrics,
    () => ({ state: 'closed', openedAt: null, calls: 0, successes: 0, declines: 0, unknown: 0, rejected: 0 }),
    noValues,
  );
  createPipelineMetrics(metrics).observe({ latest: () => [] }, { lag: noValues });
  createAuditorApp({
    logger: silentLogger('metrics'),
    health: createHealth({ checks: {} }),
    auditor: { latest: () => undefined },
    pipelines: { latest: () => [], samples: () => [], incidents: () => [], recordActed: () => undefined },
    stories: { read: notCalled, codec: { decode: notCalled } },
    operations: {
      databaseOf: () => drizzle.mock(),
      readFlow: notCalled,
      connectUrl: '',
      stream: { lag: noValues },
    },
    httpOptions,
  });
  // The types of prom-client do not declare the names of the labels.
  const registered = z.array(
    z.object({ name: z.string(), type: z.string(), labelNames: z.array(z.string()) }),
  );
  return registered
    .parse(metrics.registry.getMetricsAsArray())
    .flatMap(({ name, type, labelNames }) =>
      (type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']).map((part): [string, string[]] => [
        `${name}${part}`,
        [...labelNames, ...(part === '_bucket' ? ['le'] : []), ...targetLabels],
      ]),
    );
};

const exporterSchema = z.object({
  rules: z.array(z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) })),
});
const metricsOfExporter = (): LabelsByMetric =>
  exporterSchema
    .parse(yamlIn('jmx-exporter.yaml'))
    .rules.map(({ name, labels }) => [name, [...Object.keys(labels), ...targetLabels]]);

const rulesSchema = z.object({
  groups: z.array(
    z.object({ rules: z.array(z.object({ record: z.string().optional(), expr: z.string() })) }),
  ),
});
const recordedMetrics = (): LabelsByMetric =>
  readdirSync(join(connectors, 'alerts'))
    .filter((file) => file.endsWith('.yml'))
    .flatMap((file) => rulesSchema.parse(yamlIn('alerts', file)).groups)
    .flatMap(({ rules }) => rules)
    .flatMap(({ record, expr }) => (record === undefined ? [] : [[record, groupedBy(expr)] as const]));

/** The labels of every metric, by its name. */
export const exposedMetrics = (): ReadonlyMap<string, readonly string[]> =>
  new Map([...metricsOfProcesses(), ...metricsOfExporter(), ...recordedMetrics()]);

/** The metrics that a query names, except those of Prometheus itself, such as `up`. */
export const metricsIn = (query: string): readonly string[] =>
  query.match(/\b(?:orderflow|debezium|kafka|http|nodejs|process|jvm)[_:][\w:]+/g) ?? [];
