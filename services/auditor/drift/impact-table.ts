// For each setting of a connector, the consequence of changing it while the connector runs, from a restart of one second to a gap
// in the topic. Dangerous changes, and new values of settings that are not listed here, are refused unless the operator allows
// them.

/**
 * Matches every value of the column `aggregate_type`. Group 1 is the suffix `-canary`, which the router appends to the topic. For
 * a value without the suffix the group is empty, so the event goes to the topic of the service.
 */
export const anyValue = '(?s)(?:.*(-canary)|.*)';

/** The consequence of a change for events, from harmless to loss. */
type Consequence =
  'restart' | 'duplicates' | 'failure' | 'contract' | 'order' | 'topic' | 'replay' | 'slot' | 'loss';

export interface Impact {
  readonly consequence: Consequence;
  readonly sentence: string;
  /** Whether the change is refused unless the operator allows it. */
  readonly dangerous: boolean;
}

type Judge = (to: string | undefined, from: string | undefined) => Impact;

export const restart = (sentence = 'The task restarts; events wait for a second.'): Judge => {
  return () => ({ consequence: 'restart', sentence, dangerous: false });
};
const danger = (consequence: Consequence, sentence: string): Judge => {
  return () => ({ consequence, sentence, dangerous: true });
};
/** Dangerous unless the new value is the safe one. */
const safeOnly = (safe: string, consequence: Consequence, sentence: string): Judge => {
  return (to) =>
    to === safe
      ? { consequence: 'restart', sentence: 'Back to the safe value; the task restarts.', dangerous: false }
      : { consequence, sentence, dangerous: true };
};

const anotherDatabase = danger(
  'loss',
  'Another server has neither this slot nor this offset: events of the current server that are not delivered yet are lost.',
);
const headersOf = (placement: string | undefined): string[] =>
  (placement ?? '').split(',').map((column) => column.split(':').at(-1)?.trim() ?? '');

/** The topic of events: the replacement without `$1`, the suffix of the canary topic. */
const eventTopicOf = (replacement: string | undefined): string | undefined =>
  replacement?.replace(/\$1$/, '');

const impacts: Readonly<Record<string, Judge>> = {
  'connector.class': danger('failure', 'Another connector cannot read these offsets.'),
  'tasks.max': restart('A slot has one reader, so there is always one task.'),
  'topic.prefix': danger(
    'replay',
    'The stored offset belongs to the old prefix, so the connector starts without an offset: from the slot, or with a snapshot.',
  ),
  'database.hostname': anotherDatabase,
  'database.port': anotherDatabase,
  'database.dbname': anotherDatabase,
  'database.user': restart(
    'The task restarts as another role, which needs REPLICATION and SELECT on the outbox.',
  ),
  'database.password': restart(
    'The task restarts; with a wrong password it fails immediately, without a retry.',
  ),
  'plugin.name': danger('slot', 'A slot is bound to its plugin and cannot be read with another plugin.'),
  'slot.name': danger(
    'slot',
    'A new slot starts at its creation: events that the old slot has not delivered are lost, and the old slot retains WAL until it is dropped.',
  ),
  'slot.drop.on.stop': safeOnly(
    'false',
    'loss',
    'With true, events committed between a stop and the next start are lost.',
  ),
  'slot.failover': restart(
    'Applies only to slots that are created later; the existing slot does not change.',
  ),
  'publication.name': danger(
    'loss',
    'Rows that the other publication leaves out are not published, without an error.',
  ),
  'publication.autocreate.mode': safeOnly(
    'disabled',
    'failure',
    'With another value the connector creates a publication, by default of every table.',
  ),
  'table.include.list': safeOnly(
    'public.outbox',
    'loss',
    'Rows of other tables bypass the router and are published raw; without the outbox no event is published.',
  ),
  'skipped.operations': safeOnly('u,d,t', 'failure', 'A truncate that reaches the router fails the task.'),
  'snapshot.mode': safeOnly(
    'no_data',
    'replay',
    'No effect while the connector has an offset; without an offset, every retained row is published again, in no defined sequence.',
  ),
  'offset.mismatch.strategy': safeOnly(
    'trust_offset',
    'loss',
    'Any other strategy ignores the gap after a slot was created again.',
  ),
  'lsn.flush.mode': safeOnly(
    'connector',
    'loss',
    'The slot would advance before the records are safe in Kafka.',
  ),
  'tombstones.on.delete': safeOnly('false', 'contract', 'Consumers would receive records without a value.'),
  'binary.handling.mode': safeOnly(
    'bytes',
    'contract',
    'The payload would not be the bytes that consumers decode.',
  ),
  'key.converter': danger(
    'order',
    'Another encoding of the key hashes to another partition: the sequence of events per key is lost.',
  ),
  'value.converter': danger('contract', 'Consumers cannot decode another encoding of the value.'),
  'value.converter.delegate.converter.type': (to) =>
    to === undefined
      ? {
          consequence: 'failure',
          sentence: 'Without it the next heartbeat fails the task.',
          dangerous: true,
        }
      : {
          consequence: 'restart',
          sentence: 'The task restarts; heartbeats have another format.',
          dangerous: false,
        },
  'header.converter': danger('contract', 'Consumers read the headers as plain text.'),
  predicates: danger('failure', 'The router needs its predicate.'),
  'predicates.isOutbox.type': danger('failure', 'The router needs its predicate.'),
  'predicates.isOutbox.pattern': danger(
    'loss',
    'Rows that do not match bypass the router and never reach the topic of the service.',
  ),
  transforms: danger('contract', 'Without the router raw change records are published instead of events.'),
  'transforms.outbox.type': danger(
    'contract',
    'Without the router raw change records are published instead of events.',
  ),
  'transforms.outbox.predicate': danger(
    'failure',
    'The router fails on a record that is not a row of the outbox.',
  ),
  'transforms.outbox.route.by.field': danger(
    'topic',
    'Events may go to another topic, which has no consumers.',
  ),
  'transforms.outbox.route.topic.regex': safeOnly(
    anyValue,
    'topic',
    'A value that the pattern does not match becomes the name of the topic.',
  ),
  'transforms.outbox.route.topic.replacement': (to, from) =>
    eventTopicOf(to) === eventTopicOf(from)
      ? { consequence: 'restart', sentence: 'Only canaries change their topic.', dangerous: false }
      : {
          consequence: 'topic',
          sentence:
            'Later events go to another topic: consumers of the old topic receive no more events, and the sequence across both topics is lost.',
          dangerous: true,
        },
  'transforms.outbox.table.field.event.id': danger(
    'duplicates',
    'Consumers recognise a repeated event by this id.',
  ),
  'transforms.outbox.table.field.event.key': danger(
    'order',
    'Events of one aggregate go to several partitions.',
  ),
  'transforms.outbox.table.field.event.payload': danger(
    'contract',
    'Consumers cannot decode the content of another column.',
  ),
  'transforms.outbox.table.fields.additional.placement': (to, from) => {
    const kept = new Set(headersOf(to));
    const gone = headersOf(from).filter((name) => name !== '' && !kept.has(name));
    return gone.length > 0
      ? {
          consequence: 'contract',
          sentence: `Later events have no header ${gone.join(', ')}, which consumers may need.`,
          dangerous: true,
        }
      : {
          consequence: 'failure',
          sentence:
            'The task restarts. It fails on rows that were written before the column existed: migrate, let the slot drain, then apply (connectors/runbooks/outbox-column.md).',
          dangerous: false,
        };
  },
  'transforms.outbox.table.field.additional.missing': safeOnly(
    'error',
    'contract',
    'Events would be published without a header that consumers rely on.',
  ),
  'transforms.outbox.table.expand.json.payload': safeOnly(
    'false',
    'contract',
    'The payload is Avro, not JSON.',
  ),
  'transforms.outbox.table.op.invalid.behavior': (to) => ({
    consequence: to === 'fatal' ? 'failure' : 'restart',
    sentence: 'Decides what happens on an update of the outbox, which the privileges forbid.',
    dangerous: to === 'fatal',
  }),
  'transforms.outbox.route.tombstone.on.empty.payload': safeOnly(
    'false',
    'contract',
    'Consumers would receive records without a value.',
  ),
  'heartbeat.interval.ms': (to) => ({
    consequence: Number(to ?? 0) > 0 ? 'restart' : 'slot',
    sentence: 'Without heartbeats the slot of an idle outbox retains WAL until it is invalidated.',
    dangerous: !(Number(to ?? 0) > 0),
  }),
  'heartbeat.action.query': (to) => ({
    consequence: to === undefined ? 'slot' : 'restart',
    sentence: 'Without a query that writes to the WAL, the slot of an idle outbox does not advance.',
    dangerous: to === undefined,
  }),
  'message.prefix.exclude.list': danger(
    'failure',
    'The messages of the heartbeat would be published to the topic <topic.prefix>.message.',
  ),
  'topic.heartbeat.prefix': restart(
    'The task restarts; heartbeats go to another topic, and the old topic remains.',
  ),
  'errors.tolerance': safeOnly(
    'none',
    'loss',
    'Events that cannot be converted or sent would be dropped without an error.',
  ),
  'errors.max.retries': restart(
    'The task restarts; with a limit it fails after that many attempts in an outage.',
  ),
  'event.processing.failure.handling.mode': safeOnly('fail', 'loss', 'Events that fail would be skipped.'),
  'exactly.once.support': restart(
    'The task restarts; "required" is refused by a worker whose exactly-once support is off.',
  ),
  'producer.override.acks': safeOnly(
    'all',
    'loss',
    'An event that only one broker has is lost with that broker.',
  ),
  'producer.override.enable.idempotence': safeOnly(
    'true',
    'order',
    'A retried send could place an event after later events of its key.',
  ),
  'transaction.boundary': safeOnly(
    'poll',
    'restart',
    'Transactions last longer, and consumers see events only at the end of a transaction.',
  ),
  'producer.override.max.request.size': restart('The task restarts; it fails on a larger record.'),
  'producer.override.compression.type': (to) => ({
    consequence: to === 'none' || to === 'gzip' ? 'restart' : 'contract',
    sentence:
      'The services read every codec, but other consumers may not: without extra codecs, KafkaJS reads only gzip and uncompressed records.',
    dangerous: to !== 'none' && to !== 'gzip',
  }),
};

/** Keys whose change only restarts the task. */
const restartOnly = [
  'database.sslmode',
  'slot.max.retries',
  'slot.retry.delay.ms',
  'provide.transaction.metadata',
  'extended.headers.enabled',
  'poll.interval.ms',
  'max.batch.size',
  'max.queue.size',
  'max.queue.size.in.bytes',
  'status.update.interval.ms',
  'errors.log.enable',
  'errors.log.include.messages',
  'retriable.restart.connector.wait.ms',
  'value.converter.delegate.converter.type.schemas.enable',
  'topic.creation.default.replication.factor',
  'topic.creation.default.partitions',
  'topic.creation.groups',
  'topic.creation.internal.include',
  'topic.creation.internal.replication.factor',
  'topic.creation.internal.partitions',
  'topic.creation.internal.cleanup.policy',
  'topic.creation.internal.retention.ms',
  'producer.override.linger.ms',
  'producer.override.batch.size',
  'producer.override.max.in.flight.requests.per.connection',
  'producer.override.transaction.timeout.ms',
];

const unknown = danger(
  'failure',
  'This key is not listed in services/auditor/drift/impact-table.ts; find out what it does before you apply it.',
);

/** Whether this table lists the key. */
export const isExplained = (key: string): boolean => key in impacts || restartOnly.includes(key);

export const judgeOf = (key: string): Judge =>
  impacts[key] ?? (restartOnly.includes(key) ? restart() : unknown);
