// Composition root of the auditor, and its only file that reads the environment. The auditor reads, with three exceptions: it sends
// canaries through the outboxes; it restarts, pauses and resumes connectors; and for an administrator's action it writes an entry
// of the audit log and stores the response for the Idempotency-Key of the request. No service of the saga depends on the auditor.
// One instance is enough; several instances do no harm.
import { randomUUID } from 'node:crypto';
import { readConfig } from '../platform/process/settings/config.ts';
import { databaseTrust } from '../platform/process/security/database-security.ts';
import { createHttpOptions } from '../platform/http/limits/guards.ts';
import { kafkaSecurity } from '../platform/process/security/kafka-security.ts';
import { serverTls } from '../platform/process/settings/process-settings.ts';
import { createAuthenticator } from '../platform/http/endpoint/auth.ts';
import { createEventCodec } from '../platform/event-codec/event-codec.ts';
import { createRegistryClient } from '../platform/event-codec/schema-registry.ts';
import { registrySecurity } from '../platform/process/security/registry-security.ts';
import { createHealth } from '../platform/http/routes/health.ts';
import { serveApp } from '../platform/http/server/serve.ts';
import { createLifecycle } from '../platform/process/lifecycle.ts';
import { createLogger } from '../platform/process/logger.ts';
import { every } from '../platform/process/timer.ts';
import { createAuditor } from './audit.ts';
import { createAuditorApp } from './http/routes.ts';
import { createPipelineMetrics } from './pipelines/pipeline-metrics.ts';
import { openPipelineSession } from './pipelines/pipeline-session.ts';
import { pipelineNames, watchPipelines } from './pipelines/pipelines.ts';
import type { Service } from './domain/facts.ts';
import { contradictions, shape } from './settings.ts';
import { readFlow } from './flow/read-flow.ts';
import { openSources } from './sources.ts';
import { readStory } from './stories/read-story.ts';

const config = readConfig(shape, process.env, contradictions);

const logger = createLogger({ service: 'auditor', level: config.logLevel });
const lifecycle = createLifecycle({ logger });

const databases: Readonly<Record<Service, string>> = {
  order: config.orderDatabaseUrl,
  inventory: config.inventoryDatabaseUrl,
  payment: config.paymentDatabaseUrl,
};
const sources = openSources(
  {
    databases,
    kafkaBrokers: config.kafkaBrokers,
    gatewayUrl: config.gatewayUrl,
    databaseTrust: (url) => databaseTrust(config, url),
    kafkaSecurity: kafkaSecurity(config),
  },
  logger,
);
lifecycle.onStop('sources', sources.close);

const auditor = createAuditor(
  sources,
  {
    graceMs: config.graceSeconds * 1_000,
    deadlineMs: config.deadlineSeconds * 1_000,
    windowMs: config.windowMinutes * 60_000,
    rows: 5_000,
  },
  logger,
);

const { authenticate } = createAuthenticator({
  issuer: config.oidcIssuer,
  reachedAt: config.oidcDiscoveryUrl,
  audience: config.oidcAudience,
});
const { httpOptions, checkLoad } = createHttpOptions(config, authenticate);
const registry = createRegistryClient(config.schemaRegistryUrl, logger, registrySecurity(config));
const pipelineMetrics = createPipelineMetrics(httpOptions.metrics);
const open = (service: Service) =>
  openPipelineSession(
    databases[service],
    { service, ...pipelineNames(service) },
    databaseTrust(config, databases[service]),
  );
const pipelines = watchPipelines(
  {
    sessions: { order: open('order'), inventory: open('inventory'), payment: open('payment') },
    stream: sources.stream,
    instance: randomUUID(),
  },
  {
    connectUrl: config.connectUrl,
    intervalMs: config.pipelineSeconds * 1_000,
    canaryMs: config.canarySeconds * 1_000,
    restarts: config.watchdogRestarts,
  },
  pipelineMetrics,
  logger,
);
lifecycle.onStop('pipelines', pipelines.stop);
pipelineMetrics.observe(pipelines, sources.stream);

const health = createHealth({
  checks: {
    load: checkLoad,
    audit: () =>
      auditor.latest() ? Promise.resolve() : Promise.reject(new Error('no audit has completed yet')),
    pipelines: () =>
      pipelines.latest().length > 0
        ? Promise.resolve()
        : Promise.reject(new Error('the pipelines have not been checked yet')),
  },
  // Not part of readiness: the auditor answers from its last audit, even while its sources are unavailable.
  pipeline: {
    databases: sources.ping,
    kafka: () =>
      sources.topics.isReading()
        ? Promise.resolve()
        : Promise.reject(new Error('the topics are not being read')),
  },
});
const app = createAuditorApp({
  logger,
  health,
  auditor,
  pipelines,
  stories: {
    read: (id) => readStory(sources.databases, id),
    codec: createEventCodec(registry.schemaId, registry.writerSchema),
  },
  operations: {
    databaseOf: (service) => sources.databases[service],
    readFlow: () => readFlow(sources.databases),
    connectUrl: config.connectUrl,
    stream: sources.stream,
  },
  publicUrl: config.publicUrl,
  httpOptions,
});
const server = await serveApp(app, { ...config, logger, tls: serverTls(config) });

const auditing = every(
  config.intervalSeconds * 1_000,
  'the audit',
  async () => {
    await auditor.run();
  },
  logger,
);
lifecycle.onStop('audit', auditing.stop);
lifecycle.onStop('http', () => server.close());
lifecycle.onStop('readiness', health.drain);
