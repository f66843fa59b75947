// The names of all figures that there are, taken from where they are made: the code of the processes, what the JMX exporter
// is told to show of Connect, and the recording rules. Rules and dashboards are held against them, because a query for a
// figure that nobody exposes says nothing, and says it quietly.
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

/** Every figure that some process exposes, whether or not there is anything to be said yet. */
const ofTheProcesses = async (): Promise<readonly string[]> => {
  const { httpParts } = createHttpParts(readConfig(guardSettings, {}));
  const { metrics } = httpParts;
  const nothing = () => Promise.resolve(new Map<string, number>());
  const unasked = () => Promise.reject(new Error('figures need no story'));
  createEventMetrics(metrics, { group: 'none', emitted: [] }).observe(() => undefined);
  createSagaMetrics(metrics);
  createReservationMetrics(metrics);
  addReservationGauges(metrics, nothing);
  createPaymentMetrics(metrics);
  addGatewayMetrics(
    metrics,
    () => ({ state: 'closed', openedAt: null, calls: 0, successes: 0, declines: 0, unknown: 0, rejected: 0 }),
    nothing,
  );
  createPipelineMetrics(metrics).observe({ latest: () => [] }, { lag: nothing });
  createAuditorApp({
    logger: createLogger({ service: 'figures', level: 'error' }),
    health: createHealth({ checks: {} }),
    auditor: { latest: () => undefined },
    pipelines: { latest: () => [], samples: () => [] },
    stories: { read: unasked, codec: { decode: unasked } },
    operations: { record: unasked, readFlow: unasked, connectUrl: '', stream: { lag: nothing } },
    httpParts,
  });
  const text = await metrics.registry.metrics();
  return [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name],
  );
};

const ofTheExporter = (): readonly string[] =>
  [...readFileSync(join(connectors, 'jmx-exporter.yaml'), 'utf8').matchAll(/^ {4}name: (\w+)$/gm)].map(
    ([, name = '']) => name,
  );

const recorded = (): readonly string[] =>
  readdirSync(join(connectors, 'alerts'))
    .filter((file) => file.endsWith('.yml'))
    .map((file) => readFileSync(join(connectors, 'alerts', file), 'utf8'))
    .flatMap((text) => [...text.matchAll(/^ +- record: (\S+)$/gm)].map(([, name = '']) => name));

export const exposedFigures = async (): Promise<ReadonlySet<string>> =>
  new Set([...(await ofTheProcesses()), ...ofTheExporter(), ...recorded()]);

/** The figures that a query names. What Prometheus itself knows of its targets (`up`) is none of ours. */
export const figuresIn = (query: string): readonly string[] =>
  query.match(/\b(?:orderflow|debezium|kafka|http|nodejs|process|jvm)[_:][\w:]+/g) ?? [];
