// What a connector of an outbox must never be: settings that Connect and Debezium accept and that lose, repeat or misroute
// events in silence, most of them defaults. Connect's own validation knows none of these.
import { passwords, services, type ServiceName } from '../stack/topology.ts';
import type { ConnectorConfig } from './files.ts';
import { isReference, isSecret } from './secrets.ts';

export interface LintFinding {
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
    'the other rules know no other one',
  ),
  is('tasks.max', '1', 'a replication slot has one reader'),
  is('plugin.name', 'pgoutput', 'the default is not part of PostgreSQL'),
  is('errors.tolerance', 'none', 'a source connector drops what it tolerates, without a trace'),
  is('event.processing.failure.handling.mode', 'fail', 'anything else skips events'),
  is('errors.log.include.messages', 'false', 'records hold personal data'),
  {
    key: 'skipped.operations',
    holds: (value) => ['u', 'd', 't'].every((operation) => value?.split(',').includes(operation) === true),
    must: 'must name u, d and t',
    because: 'only inserts are events, and a truncate that reaches the router fails the task for good',
  },
  is('table.include.list', 'public.outbox', 'the router fails on a row of any other table'),
  is('publication.autocreate.mode', 'disabled', 'the default publishes every table and needs a superuser'),
  is('slot.drop.on.stop', 'false', 'a dropped slot forgets what is committed until the next start'),
  is(
    'slot.failover',
    'true',
    'after a failover there would be no slot, and what was committed meanwhile is lost',
  ),
  is('snapshot.mode', 'no_data', 'a snapshot publishes every retained row again, in no order'),
  is(
    'offset.mismatch.strategy',
    'trust_offset',
    'any other one does not notice a slot that was made anew, nor the gap in it',
  ),
  is('lsn.flush.mode', 'connector', 'the slot would move on before the records are safe'),
  is('binary.handling.mode', 'bytes', 'the payload is bytes'),
  is('tombstones.on.delete', 'false', 'a deleted outbox row is no event'),
  is('provide.transaction.metadata', 'false', 'its records have no payload'),
  is('extended.headers.enabled', 'false', 'its headers are not part of the contract'),
  is(
    'key.converter',
    'org.apache.kafka.connect.storage.StringConverter',
    'a key in quotes hashes to another partition',
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
    because: 'the slot of a quiet outbox would hold back WAL until it is lost',
  },
  {
    key: 'heartbeat.action.query',
    holds: (value) => /pg_logical_emit_message\(\s*false/.test(value ?? ''),
    must: 'must emit a message outside of the transaction',
    because:
      'a heartbeat without it does not move the slot, and one inside of it can cost an event after a restart',
  },
  {
    key: 'transforms.outbox.predicate',
    holds: (value, config) =>
      Boolean(value) && config['predicates']?.split(',').includes(value ?? '') === true,
    must: 'must name one of the predicates',
    because: 'the router fails on what is not a row of the outbox',
  },
  {
    key: 'predicates.isOutbox.pattern',
    holds: (value, config) => value === `${config['topic.prefix'] ?? ''}\\.public\\.outbox`,
    must: 'must match the rows of <topic.prefix>.public.outbox alone',
    because: 'no row reaches the router otherwise, or a wrong one does',
  },
  is(
    'transforms.outbox.table.field.additional.missing',
    'error',
    'an event without its header is worse than a task that stops',
  ),
  {
    key: 'transforms.outbox.table.op.invalid.behavior',
    holds: (value) => value !== 'fatal',
    must: 'must not be fatal',
    because: 'one forged update would stop the task for good',
  },
  is('producer.override.acks', 'all', 'an event that one broker alone has is lost with that broker'),
  is(
    'producer.override.enable.idempotence',
    'true',
    'a send that is repeated would put an event behind later ones of its key',
  ),
  {
    key: 'producer.override.max.in.flight.requests.per.connection',
    holds: (value) => Number(value) >= 1 && Number(value) <= 5,
    must: 'must be from 1 to 5',
    because: 'an idempotent producer keeps the order of no more',
  },
  {
    key: 'producer.override.compression.type',
    holds: (value) => value === 'none' || value === 'gzip',
    must: 'must be none or gzip',
    because: 'KafkaJS reads no other codec',
  },
];

/** Takes any value of the column: what is no canary goes to the one topic of the events. */
export const anyValue = '(?s)(?:.*(-canary)|.*)';

const ofTopology = (service: ServiceName): Readonly<Record<string, string>> => {
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

/** Everything in the configuration of a service's connector that could cost an event; empty when nothing could. */
export const lint = (service: ServiceName, config: ConnectorConfig): readonly LintFinding[] => [
  ...rules
    .filter(({ key, holds }) => !holds(config[key], config))
    .map(({ key, must, because }) => ({
      key,
      problem: `${must} (it is ${config[key] ?? 'absent'}): ${because}`,
    })),
  ...Object.entries(ofTopology(service))
    .filter(([key, value]) => config[key] !== value)
    .map(([key, value]) => ({
      key,
      // What is there instead may be a secret.
      problem: `must be ${value}, which is what the topology and the provisioning of ${service} say`,
    })),
  ...Object.entries(config)
    .filter(([key, value]) => isSecret(key) && !isReference(value))
    .map(([key]) => ({ key, problem: 'holds a secret in plain text: use a config provider, ${env:…}' })),
];
