// Finds settings of an outbox connector that Connect and Debezium accept but that lose, repeat or misroute events, or stop the
// task later. Most of them are defaults. Connect's own validation reports none of them.
import { passwords, services, type ServiceName } from '../stack/topology.ts';
import type { ConnectorConfig } from './files.ts';
import { anyValue } from '../../services/auditor/drift/impact-table.ts';
import { isReference, isSecret } from '../../services/auditor/drift/secrets.ts';

interface LintFinding {
  readonly key: string;
  /** Completes the sentence "<key> …". */
  readonly problem: string;
}

interface Rule {
  readonly key: string;
  readonly holds: (value: string | undefined, config: ConnectorConfig) => boolean;
  readonly must: string;
  readonly because: string;
}

const is = (key: string, expected: string, because: string): Rule => ({
  key,
  holds: (value) => value === expected,
  must: `must be ${expected}`,
  because,
});

const rules: readonly Rule[] = [
  is(
    'connector.class',
    'io.debezium.connector.postgresql.PostgresConnector',
    'the other rules apply to this connector only',
  ),
  is('tasks.max', '1', 'a replication slot has one reader'),
  is('plugin.name', 'pgoutput', 'the default is not part of PostgreSQL'),
  is('errors.tolerance', 'none', 'any other value silently drops records that fail'),
  is('event.processing.failure.handling.mode', 'fail', 'anything else skips events'),
  is('errors.log.include.messages', 'false', 'records hold personal data'),
  {
    key: 'skipped.operations',
    holds: (value) => ['u', 'd', 't'].every((operation) => value?.split(',').includes(operation) === true),
    must: 'must name u, d and t',
    because: 'only inserts are events, and a truncate that reaches the router fails the task permanently',
  },
  is('table.include.list', 'public.outbox', 'the router fails on a row of any other table'),
  is('publication.autocreate.mode', 'disabled', 'the default publishes every table and needs a superuser'),
  is('slot.drop.on.stop', 'false', 'without the slot, events committed until the next start are lost'),
  is(
    'slot.failover',
    'true',
    'after a failover there would be no slot, and events committed meanwhile would be lost',
  ),
  is('snapshot.mode', 'no_data', 'a snapshot publishes every retained row again, in no order'),
  is(
    'offset.mismatch.strategy',
    'trust_offset',
    'no other strategy detects the gap after a slot was created again',
  ),
  is('lsn.flush.mode', 'connector', 'the slot would advance before the records are safe in Kafka'),
  is('binary.handling.mode', 'bytes', 'the payload is bytes'),
  is('tombstones.on.delete', 'false', 'a deleted outbox row is not an event'),
  is('provide.transaction.metadata', 'false', 'records about transactions have no payload'),
  is('extended.headers.enabled', 'false', 'the extended headers are not part of the contract'),
  is(
    'key.converter',
    'org.apache.kafka.connect.storage.StringConverter',
    'a quoted key hashes to another partition',
  ),
  is('value.converter', 'io.debezium.converters.BinaryDataConverter', 'the payload is framed by the service'),
  {
    key: 'value.converter.delegate.converter.type',
    holds: (value, config) =>
      config['value.converter'] !== 'io.debezium.converters.BinaryDataConverter' || Boolean(value),
    must: 'must be set',
    because: 'the first heartbeat, which has no payload, would fail the task',
  },
  {
    key: 'heartbeat.interval.ms',
    holds: (value) => Number(value) > 0,
    must: 'must be more than 0',
    because: 'the slot of an idle outbox would retain WAL until the slot is lost',
  },
  {
    key: 'heartbeat.action.query',
    holds: (value) => /pg_logical_emit_message\(\s*false/.test(value ?? ''),
    must: 'must emit a non-transactional message',
    because:
      'without a message the slot does not advance, and a transactional one can lose an event after a restart',
  },
  {
    key: 'transforms.outbox.predicate',
    holds: (value, config) =>
      Boolean(value) && config['predicates']?.split(',').includes(value ?? '') === true,
    must: 'must name one of the predicates',
    because: 'the router fails on a record that is not a row of the outbox',
  },
  {
    key: 'predicates.isOutbox.pattern',
    holds: (value, config) => value === `${config['topic.prefix'] ?? ''}\\.public\\.outbox`,
    must: 'must match only the rows of <topic.prefix>.public.outbox',
    because: 'otherwise no row or a wrong row reaches the router',
  },
  is(
    'transforms.outbox.table.field.additional.missing',
    'error',
    'an event without its header is worse than a stopped task',
  ),
  {
    key: 'transforms.outbox.table.op.invalid.behavior',
    holds: (value) => value !== 'fatal',
    must: 'must not be fatal',
    because: 'one update of the outbox would stop the task permanently',
  },
  is('producer.override.acks', 'all', 'an event that only one broker has is lost with that broker'),
  is(
    'producer.override.enable.idempotence',
    'true',
    'a retried send could put an event behind later events of its key',
  ),
  {
    key: 'producer.override.max.in.flight.requests.per.connection',
    holds: (value) => Number(value) >= 1 && Number(value) <= 5,
    must: 'must be from 1 to 5',
    because: 'an idempotent producer keeps the order of at most 5 requests',
  },
  {
    key: 'producer.override.compression.type',
    holds: (value) => value === 'none' || value === 'gzip',
    must: 'must be none or gzip',
    because: 'KafkaJS itself reads no other codec',
  },
];

const topologySettings = (service: ServiceName): Readonly<Record<string, string>> => {
  const { database, topic } = services[service];
  return {
    'topic.prefix': `${service}-db`,
    'database.user': database.cdc,
    'database.password': `\${env:${passwords[service].cdc}}`,
    'slot.name': database.slot,
    'publication.name': database.publication,
    'transforms.outbox.route.topic.regex': anyValue,
    'transforms.outbox.route.topic.replacement': `${topic}$1`,
  };
};

/** The settings of a service's connector that could lose, repeat or misroute events, stop the task, or expose a secret. */
export const lint = (service: ServiceName, config: ConnectorConfig): readonly LintFinding[] => [
  ...rules
    .filter(({ key, holds }) => !holds(config[key], config))
    .map(({ key, must, because }) => ({
      key,
      problem: `${must} (it is ${config[key] ?? 'absent'}): ${because}`,
    })),
  ...Object.entries(topologySettings(service))
    .filter(([key, value]) => config[key] !== value)
    .map(([key, value]) => ({
      key,
      // The present value may be a secret, so it is not shown.
      problem: `must be ${value}, as in the topology of ${service}`,
    })),
  ...Object.entries(config)
    .filter(([key, value]) => isSecret(key) && !isReference(value))
    .map(([key]) => ({ key, problem: 'holds a secret in plain text: use a config provider, ${env:…}' })),
];
