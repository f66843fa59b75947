// The consequence of changing each setting of a connector that runs. One setting costs a restart of a second, another a gap in
// the topic; a setting that is not listed here, or whose change cannot be undone, is refused unless it is allowed by name.
import { anyValue } from './lint.ts';

/** What happens to events, from nothing to the worst. */
export type Consequence =
  'restart' | 'duplicates' | 'failure' | 'contract' | 'order' | 'topic' | 'replay' | 'slot' | 'loss';

export interface Impact {
  readonly consequence: Consequence;
  readonly sentence: string;
  /** Refused unless it is allowed explicitly. */
  readonly dangerous: boolean;
}

type Judge = (to: string | undefined, from: string | undefined) => Impact;

export const restart = (sentence = 'The task restarts; events wait for a second.'): Judge => {
  return () => ({ consequence: 'restart', sentence, dangerous: false });
};
const danger = (consequence: Consequence, sentence: string): Judge => {
  return () => ({ consequence, sentence, dangerous: true });
};
/** Dangerous in one direction: to anything but the value that is safe. */
const leaving = (safe: string, consequence: Consequence, sentence: string): Judge => {
  return (to) =>
    to === safe
      ? { consequence: 'restart', sentence: `Back to what is safe. ${sentence}`, dangerous: false }
      : { consequence, sentence, dangerous: true };
};

const anotherDatabase = danger(
  'loss',
  'Another server has neither this slot nor this offset: what the present one has not delivered stays behind.',
);
const headersOf = (placement: string | undefined): string[] =>
  (placement ?? '').split(',').map((column) => column.split(':').at(-1)?.trim() ?? '');

/** Where events go, the mark of canaries apart. */
const eventTopicOf = (replacement: string | undefined): string | undefined =>
  replacement?.replace(/\$1$/, '');

const impacts: Readonly<Record<string, Judge>> = {
  'connector.class': danger('failure', 'Another connector cannot read these offsets.'),
  'tasks.max': restart('A slot has one reader, so there is one task whatever this says.'),
  'topic.prefix': danger(
    'replay',
    'The stored offset belongs to the old prefix, so Connect starts without one: from the slot, or with a snapshot.',
  ),
  'database.hostname': anotherDatabase,
  'database.port': anotherDatabase,
  'database.dbname': anotherDatabase,
  'database.user': restart(
    'The task restarts as another role, which needs REPLICATION and SELECT on the outbox.',
  ),
  'database.password': restart('The task restarts; a wrong password fails it at once, without a retry.'),
  'plugin.name': danger('slot', 'A slot is bound to its plugin: with another one it cannot be read.'),
  'slot.name': danger(
    'slot',
    'Another slot begins where it is made: what the old one has not delivered is lost, and the old one holds WAL until it is dropped.',
  ),
  'slot.drop.on.stop': leaving(
    'false',
    'loss',
    'With true every stop forgets what is committed until the next start.',
  ),
  'slot.failover': restart('Goes for a slot that is made from now on; the present one stays as it is.'),
  'publication.name': danger(
    'loss',
    'What another publication leaves out is not published, and nobody is told.',
  ),
  'publication.autocreate.mode': leaving(
    'disabled',
    'failure',
    'Otherwise the connector makes a publication, of every table unless told better.',
  ),
  'table.include.list': leaving(
    'public.outbox',
    'loss',
    'Rows of other tables fail the router; a missing outbox is silence.',
  ),
  'skipped.operations': leaving(
    'u,d,t',
    'failure',
    'An update or a truncate that gets through fails the task.',
  ),
  'snapshot.mode': leaving(
    'no_data',
    'replay',
    'Nothing while there is an offset; without one every retained row is published again, in no order.',
  ),
  'offset.mismatch.strategy': leaving(
    'trust_offset',
    'loss',
    'Any other strategy goes on over the gap of a slot that was made anew.',
  ),
  'lsn.flush.mode': leaving(
    'connector',
    'loss',
    'The slot would move on before the records are safe in Kafka.',
  ),
  'tombstones.on.delete': leaving('false', 'contract', 'Consumers would get records without a value.'),
  'binary.handling.mode': leaving(
    'bytes',
    'contract',
    'The payload would not be the bytes that consumers decode.',
  ),
  'key.converter': danger(
    'order',
    'Another form of the key hashes to another partition: order per key is lost.',
  ),
  'value.converter': danger('contract', 'Consumers cannot decode another form of the value.'),
  'value.converter.delegate.converter.type': (to) =>
    to === undefined
      ? {
          consequence: 'failure',
          sentence: 'Without it the next heartbeat fails the task.',
          dangerous: true,
        }
      : {
          consequence: 'restart',
          sentence: 'The task restarts; heartbeats look different.',
          dangerous: false,
        },
  'header.converter': danger('contract', 'Consumers read the headers as plain text.'),
  predicates: danger('failure', 'The router needs its predicate.'),
  'predicates.isOutbox.type': danger('failure', 'The router needs its predicate.'),
  'predicates.isOutbox.pattern': danger(
    'loss',
    'Rows that do not match bypass the router and reach no topic of ours.',
  ),
  transforms: danger('contract', 'Without the router raw change records are published instead of events.'),
  'transforms.outbox.type': danger(
    'contract',
    'Without the router raw change records are published instead of events.',
  ),
  'transforms.outbox.predicate': danger('failure', 'The router fails on what is not a row of the outbox.'),
  'transforms.outbox.route.by.field': danger(
    'topic',
    'Events may go to another topic, where nobody reads them.',
  ),
  'transforms.outbox.route.topic.regex': leaving(
    anyValue,
    'topic',
    'What a pattern does not take goes to a topic that is named like the value of the column.',
  ),
  'transforms.outbox.route.topic.replacement': (to, from) =>
    eventTopicOf(to) === eventTopicOf(from)
      ? { consequence: 'restart', sentence: 'Only canaries change their topic.', dangerous: false }
      : {
          consequence: 'topic',
          sentence:
            'Later events go to another topic: consumers of the old one see nothing more, and order across the two is lost.',
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
    'Consumers cannot decode another column.',
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
            'The task restarts. Rows in the WAL from before the column existed fail it: migrate, let the slot drain, then apply (connectors/runbooks/outbox-column.md).',
          dangerous: false,
        };
  },
  'transforms.outbox.table.field.additional.missing': leaving(
    'error',
    'contract',
    'Events would be published without a header that consumers rely on.',
  ),
  'transforms.outbox.table.expand.json.payload': leaving(
    'false',
    'contract',
    'The payload is Avro, not JSON.',
  ),
  'transforms.outbox.table.op.invalid.behavior': (to) => ({
    consequence: to === 'fatal' ? 'failure' : 'restart',
    sentence: 'Says what happens on an update of the outbox, which the rights forbid.',
    dangerous: to === 'fatal',
  }),
  'transforms.outbox.route.tombstone.on.empty.payload': leaving(
    'false',
    'contract',
    'Consumers would get records without a value.',
  ),
  'heartbeat.interval.ms': (to) => ({
    consequence: Number(to ?? 0) > 0 ? 'restart' : 'slot',
    sentence: 'Without heartbeats the slot of a quiet outbox holds back WAL until it is lost.',
    dangerous: !(Number(to ?? 0) > 0),
  }),
  'heartbeat.action.query': (to) => ({
    consequence: to === undefined ? 'slot' : 'restart',
    sentence: 'Without a query that writes to the WAL the slot of a quiet outbox does not move.',
    dangerous: to === undefined,
  }),
  'message.prefix.exclude.list': danger('failure', 'The messages of the heartbeat would reach the router.'),
  'topic.heartbeat.prefix': restart('The task restarts; heartbeats go to another topic, the old one stays.'),
  'errors.tolerance': leaving(
    'none',
    'loss',
    'What cannot be converted or sent would be dropped, without a trace.',
  ),
  'errors.max.retries': restart(
    'The task restarts; with a bound it fails after that many tries in an outage.',
  ),
  'event.processing.failure.handling.mode': leaving('fail', 'loss', 'Events that fail would be skipped.'),
  'exactly.once.support': restart(
    'The task restarts; "required" is refused by a worker whose exactly-once support is off.',
  ),
  'producer.override.acks': leaving(
    'all',
    'loss',
    'An event that only one broker has is lost when that broker is.',
  ),
  'producer.override.enable.idempotence': leaving(
    'true',
    'order',
    'A send that is repeated could put an event behind later ones of its key.',
  ),
  'transaction.boundary': leaving(
    'poll',
    'restart',
    'Consumers see events only when a longer transaction ends.',
  ),
  'producer.override.max.request.size': restart('The task restarts; a record that is larger fails it.'),
  'producer.override.compression.type': (to) => ({
    consequence: to === 'none' || to === 'gzip' ? 'restart' : 'contract',
    sentence: 'KafkaJS reads nothing but gzip and what is not compressed.',
    dangerous: to !== 'none' && to !== 'gzip',
  }),
};

/** Keys whose change costs a restart of the task and nothing else. */
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
  'Nobody has written down here what this key does; find out before you apply it.',
);

/** Whether the consequence of changing this key is written down. */
export const isExplained = (key: string): boolean => key in impacts || restartOnly.includes(key);

export const judgeOf = (key: string): Judge =>
  impacts[key] ?? (restartOnly.includes(key) ? restart() : unknown);
