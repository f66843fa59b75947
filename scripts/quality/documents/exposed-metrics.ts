// The names of all metrics, read from their sources: the code of the processes, the configuration of the JMX exporter and the
// recording rules. Tests compare the queries of alert rules and dashboards with them: a query for an unknown metric silently
// returns nothing.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createAuditorApp } from '../../../services/auditor/http/routes.ts';
import { createPipelineMetrics } from '../../../services/auditor/pipelines/pipeline-metrics.ts';
import {
  addReservationGauges,
  createReservationMetrics,
} from '../../../services/inventory/reservation-metrics.ts';
import { createSagaMetrics } from '../../../services/order/saga-metrics.ts';
import { addGatewayMetrics, createPaymentMetrics } from '../../../services/payment/payment-metrics.ts';
import { readConfig } from '../../../services/platform/process/settings/config.ts';
import { createEventMetrics } from '../../../services/platform/messaging/event-metrics.ts';
import { createHttpParts } from '../../../services/platform/http/limits/guards.ts';
import { guardSettings } from '../../../services/platform/process/settings/guard-settings.ts';
import { createHealth } from '../../../services/platform/http/routes/health.ts';
import { createLogger } from '../../../services/platform/process/logger.ts';

const connectors = join(import.meta.dirname, '..', '..', '..', 'connectors');

/** Every metric that a process exposes, with or without a value. */
const metricsOfProcesses = async (): Promise<readonly string[]> => {
  const { httpParts } = createHttpParts(readConfig(guardSettings, {}));
  const { metrics } = httpParts;
  const noValues = () => Promise.resolve(new Map<string, never>());
  const notCalled = () => Promise.reject(new Error('reading the metrics calls no route'));
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
    logger: createLogger({ service: 'metrics', level: 'error' }),
    health: createHealth({ checks: {} }),
    auditor: { latest: () => undefined },
    pipelines: { latest: () => [], samples: () => [], incidents: () => [], recordActed: () => undefined },
    stories: { read: notCalled, codec: { decode: notCalled } },
    operations: { record: notCalled, readFlow: notCalled, connectUrl: '', stream: { lag: noValues } },
    httpParts,
  });
  const text = await metrics.registry.metrics();
  return [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name],
  );
};

const metricsOfExporter = (): readonly string[] =>
  [...readFileSync(join(connectors, 'jmx-exporter.yaml'), 'utf8').matchAll(/^ {4}name: (\w+)$/gm)].map(
    ([, name = '']) => name,
  );

const recordedMetrics = (): readonly string[] =>
  readdirSync(join(connectors, 'alerts'))
    .filter((file) => file.endsWith('.yml'))
    .map((file) => readFileSync(join(connectors, 'alerts', file), 'utf8'))
    .flatMap((text) => [...text.matchAll(/^ +- record: (\S+)$/gm)].map(([, name = '']) => name));

export const exposedMetrics = async (): Promise<ReadonlySet<string>> =>
  new Set([...(await metricsOfProcesses()), ...metricsOfExporter(), ...recordedMetrics()]);

/** The metrics that a query names, except those of Prometheus itself, such as `up`. */
export const metricsIn = (query: string): readonly string[] =>
  query.match(/\b(?:orderflow|debezium|kafka|http|nodejs|process|jvm)[_:][\w:]+/g) ?? [];
