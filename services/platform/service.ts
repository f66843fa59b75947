// The composition root of every event-driven service, in the sequence of its start. The stop has the reverse sequence: the service
// becomes unready, the consumer and the jobs finish their work, the server finishes its requests, the database connections close.
import { eventCatalogue, type Topic } from '../../schemas/generated/events.ts';
import { recordRefusals, registerAuditRoutes } from './http/routes/audit-http.ts';
import { startSealing } from './audit-log/audit-seal.ts';
import { createAuthenticator } from './http/endpoint/auth.ts';
import {
  defaultDeadLetterLimit,
  startConsumer,
  type RunningConsumer,
  type Subscriptions,
} from './messaging/consumer.ts';
import { databaseTrust } from './process/security/database-security.ts';
import { kafkaSecurity } from './process/security/kafka-security.ts';
import { serverTls } from './process/settings/process-settings.ts';
import { registrySecurity } from './process/security/registry-security.ts';
import { connectDatabase } from './database/database.ts';
import { addDatabaseMetrics, addRetentionMetric } from './database/database-metrics.ts';
import { deadLetterProblems } from './http/routes/dead-letters-api.ts';
import { registerDeadLetterRoutes } from './http/routes/dead-letters-http.ts';
import { createDispatch } from './messaging/dispatch.ts';
import { createEventCodec, eventTypes, isEventType } from './event-codec/event-codec.ts';
import { createEventMetrics } from './messaging/event-metrics.ts';
import { registerFaultRoutes } from './http/routes/faults-http.ts';
import { assertPermitted } from './http/endpoint/endpoint.ts';
import { chaosTokenOf, createFaults } from './process/faults.ts';
import { createHttpOptions } from './http/limits/guards.ts';
import type { Measurement } from './transaction/decision/measurement.ts';
import type { Shell } from './transaction/handle.ts';
import { shareTransactions } from './transaction/shared-transaction.ts';
import { createHealth, type HealthCheck } from './http/routes/health.ts';
import { createApp } from './http/server/app.ts';
import { serveApp } from './http/server/serve.ts';
import { kafkaJsEventStream } from './messaging/kafkajs-event-stream.ts';
import { createLifecycle } from './process/lifecycle.ts';
import { createLogger, type Logger } from './process/logger.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { startTracing } from './telemetry/start-tracing.ts';
import {
  permissionsOfProcesses,
  permissionsOfServices,
  type PermissionTable,
} from './http/endpoint/permissions.ts';
import type { ProblemKinds } from './http/endpoint/problem.ts';
import type { App } from './http/server/request-context.ts';
import { startRetention } from './database/retention.ts';
import { createRegistryClient } from './event-codec/schema-registry.ts';
import type { ServiceConfig } from './process/settings/service-settings.ts';

/** Background work that can be stopped. */
interface Job {
  stop(): Promise<void>;
}

interface ServiceDependencies {
  readonly shell: Shell;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Aborted when the process begins to stop. */
  readonly stopping: AbortSignal;
}

interface ServiceDefinition {
  readonly name: 'order' | 'inventory' | 'payment';
  readonly description: string;
  readonly config: ServiceConfig;
  /** The topic of this service's outbox. The schema ids of its event types are resolved at start-up. */
  readonly topic: Topic;
  readonly consumerGroup: string;
  readonly permissions: PermissionTable;
  readonly problems: ProblemKinds;
  /** Records the metrics of committed inputs. */
  readonly countMeasurements: (metrics: Metrics) => (measurement: Measurement) => void;
  /** Jobs start when the service can write events, and before it consumes events. */
  readonly assemble: (parts: ServiceDependencies) => {
    /** Called twice: for the consumer, which has a separate connection pool, and for the replay of dead letters. */
    readonly subscriptions: (shell: Shell) => Subscriptions;
    readonly routes: (app: App) => void;
    readonly startJobs?: () => Promise<readonly Job[]> | readonly Job[];
    /** Health checks in addition to those that every service has. */
    readonly checks?: Readonly<Record<string, HealthCheck>>;
  };
}

const parallelPartitions = 20;
/** One connection for events that share a transaction; the others for events that are handled separately after a failure. */
const consumerConnections = 8;

/** Starts the service, which runs until the process receives a stop signal. */
export async function startService(definition: ServiceDefinition): Promise<void> {
  const { name, config, consumerGroup } = definition;
  const logger = createLogger({ service: name, level: config.logLevel });
  const lifecycle = createLifecycle({ logger });
  await startTracing(name, config, lifecycle, logger);

  const tls = databaseTrust(config, config.databaseUrl);
  const connection = connectDatabase(config.databaseUrl, name, {
    tls,
    poolSize: config.databaseConnections,
    waitMs: config.databaseWaitMs,
  });
  lifecycle.onStop('database', () => connection.close());
  // A separate pool, so that events do not wait for a connection behind requests.
  const consuming = connectDatabase(config.databaseUrl, `${name}-consumer`, {
    tls,
    poolSize: consumerConnections,
    waitMs: config.sessionTimeoutMs / 2,
    // While an event waits for a lock, other events wait for its shared transaction.
    lockTimeoutMs: 1_000,
  });
  lifecycle.onStop('database of the consumer', () => consuming.close());

  const registry = createRegistryClient(config.schemaRegistryUrl, logger, registrySecurity(config));
  const chaosToken = chaosTokenOf(config);
  const faults = chaosToken === undefined ? undefined : createFaults(logger);
  const { authenticate } = createAuthenticator({
    issuer: config.oidcIssuer,
    reachedAt: config.oidcDiscoveryUrl,
    audience: config.oidcAudience,
  });
  const { httpOptions, checkLoad } = createHttpOptions(config, authenticate, connection.saturated);
  const { stopping } = lifecycle;
  const emitted = eventTypes.filter((type) => eventCatalogue[type].topic === definition.topic);
  const eventMetrics = createEventMetrics(httpOptions.metrics, { group: consumerGroup, emitted });
  addDatabaseMetrics(httpOptions.metrics, [connection, consuming]);
  addRetentionMetric(httpOptions.metrics, name, config.outboxRetentionDays);
  const countMeasurement = definition.countMeasurements(httpOptions.metrics);
  const shell: Shell = {
    db: connection.db,
    codec: createEventCodec(registry.schemaId, registry.writerSchema),
    committed: ({ events, measurements }) => {
      eventMetrics.appended(events);
      measurements.forEach(countMeasurement);
    },
    ...(faults === undefined ? {} : { faults }),
  };
  const { subscriptions, routes, startJobs, checks } = definition.assemble({
    shell,
    logger,
    metrics: httpOptions.metrics,
    stopping,
  });

  const subscriptionsOfConsumer = subscriptions({
    ...shell,
    db: consuming.db,
    shared: shareTransactions(consuming.db),
  });
  const subscribed = Object.keys(subscriptionsOfConsumer).filter(isEventType);
  eventMetrics.subscribed(subscribed);

  let consumer: RunningConsumer | undefined = undefined;
  eventMetrics.observe(() => consumer);
  const health = createHealth({
    checks: {
      load: checkLoad,
      database: connection.ping,
      // Without schema ids no event can be written, so no command can be accepted. Once resolved, the ids do not change.
      schemas: () => {
        const missing = registry.missing();
        return missing.length === 0
          ? Promise.resolve()
          : Promise.reject(
              new Error(
                `the schemas are not registered or the registry is not reachable: ${missing.join(', ')}`,
              ),
            );
      },
      ...checks,
    },
    pipeline: {
      kafka: () => {
        const problem = consumer === undefined ? 'not started' : (consumer.problem() ?? consumer.halted());
        return problem === undefined ? Promise.resolve() : Promise.reject(new Error(problem));
      },
      registry: registry.check,
    },
  });

  const app = createApp({
    logger,
    title: `OrderFlow ${name} service`,
    description: definition.description,
    problems: { ...definition.problems, ...deadLetterProblems },
    publicUrl: config.publicUrl,
    ...httpOptions,
  });
  health.register(app);
  app.use('/api/*', recordRefusals(shell.db));
  routes(app);
  if (faults && chaosToken !== undefined) registerFaultRoutes(app, faults, chaosToken);
  const replayed = createDispatch(shell.codec, subscriptions(shell));
  registerDeadLetterRoutes(app, {
    db: shell.db,
    codec: shell.codec,
    dispatch: replayed,
    events: eventMetrics,
    logger,
  });
  registerAuditRoutes(app, shell.db);
  assertPermitted(app, name, definition.permissions, permissionsOfServices, permissionsOfProcesses);
  const server = await serveApp(app, { ...config, logger, tls: serverTls(config) });

  const resolving = new AbortController();
  lifecycle.onStop('schema registry', () => {
    resolving.abort();
  });
  const resolved = registry.resolveIds(emitted, resolving.signal);
  lifecycle.onStop('http', () => server.close());

  await resolved;
  if (resolving.signal.aborted) return;
  for (const job of (await startJobs?.()) ?? []) lifecycle.onStop('job', job.stop);
  lifecycle.onStop('audit seal', startSealing({ db: shell.db, logger }).stop);
  const slot = config.outboxSlot ?? `${name}_outbox_slot`;
  lifecycle.onStop('retention', startRetention({ db: shell.db, logger, config, slot }).stop);
  consumer = startConsumer({
    stream: kafkaJsEventStream(
      {
        brokers: config.kafkaBrokers,
        clientId: name,
        concurrency: parallelPartitions,
        sessionTimeoutMs: config.sessionTimeoutMs,
        security: kafkaSecurity(config),
      },
      logger,
    ),
    dispatch: createDispatch(shell.codec, subscriptionsOfConsumer),
    db: consuming.db,
    groupId: consumerGroup,
    topics: [...new Set(subscribed.map((type) => eventCatalogue[type].topic))],
    logger,
    faults,
    events: eventMetrics,
    deadLetterLimit: { ...defaultDeadLetterLimit, limit: config.deadLetterLimit },
  });
  lifecycle.onStop('consumer', consumer.stop);
  // Registered last, so it runs first: load balancers can send new requests elsewhere while the other steps finish their work.
  lifecycle.onStop('readiness', health.drain);
}
