import { describe, expect, it } from 'vitest';
import { serviceNames } from '../stack/topology.ts';
import { readConnector } from './files.ts';
import { lint } from './lint.ts';

const connector = readConnector('order');
const keysOf = (change: Readonly<Record<string, string | undefined>>): string[] => {
  const config = Object.fromEntries(
    Object.entries({ ...connector, ...change }).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value]],
    ),
  );
  return lint('order', config).map(({ key }) => key);
};

describe('the lint of a connector', () => {
  it.each(serviceNames)('finds nothing wrong with %s.json', (service) => {
    expect(lint(service, readConnector(service))).toEqual([]);
  });

  it.each<[string, string, string | undefined]>([
    ['drops records that it cannot convert', 'errors.tolerance', 'all'],
    ['skips events that it cannot process', 'event.processing.failure.handling.mode', 'warn'],
    ['writes records into the log', 'errors.log.include.messages', 'true'],
    ['lets truncates through', 'skipped.operations', 'u,d'],
    ['reads another table', 'table.include.list', 'public.outbox,public.orders'],
    ['reads every table', 'table.include.list', undefined],
    ['creates its own publication', 'publication.autocreate.mode', 'filtered'],
    ['drops its slot', 'slot.drop.on.stop', 'true'],
    ['loses its slot in a failover', 'slot.failover', undefined],
    ['takes a snapshot', 'snapshot.mode', 'initial'],
    ['takes a snapshot when it needs one', 'snapshot.mode', 'when_needed'],
    ['ignores the gap after its slot was created again', 'offset.mismatch.strategy', 'no_validation'],
    ['uses the default offset mismatch strategy', 'offset.mismatch.strategy', undefined],
    ['cannot write a heartbeat', 'value.converter.delegate.converter.type', undefined],
    ['has no heartbeat', 'heartbeat.interval.ms', '0'],
    ['has a heartbeat that does not write', 'heartbeat.action.query', 'SELECT 1'],
    [
      'has a heartbeat in a transaction',
      'heartbeat.action.query',
      `SELECT pg_logical_emit_message(true, 'h', '')`,
    ],
    ['routes every record', 'transforms.outbox.predicate', undefined],
    ['routes the rows of another prefix', 'predicates.isOutbox.pattern', 'payment-db\\.public\\.outbox'],
    ['quotes its keys', 'key.converter', 'org.apache.kafka.connect.json.JsonConverter'],
    ['waits for one broker only', 'producer.override.acks', '1'],
    ['can reorder the events of a key', 'producer.override.enable.idempotence', undefined],
    [
      'has more requests in flight than it keeps in order',
      'producer.override.max.in.flight.requests.per.connection',
      '6',
    ],
    ['uses a codec that KafkaJS itself cannot read', 'producer.override.compression.type', 'lz4'],
    ['stops permanently on an update', 'transforms.outbox.table.op.invalid.behavior', 'fatal'],
    ['publishes to another topic', 'transforms.outbox.route.topic.replacement', 'orders'],
    ['lets a column choose the topic', 'transforms.outbox.route.topic.regex', '(.*)'],
    ['reads the slot of another service', 'slot.name', 'payment_outbox_slot'],
  ])('rejects a connector that %s', (_, key, value) => {
    expect(keysOf({ [key]: value })).toContain(key);
  });

  it('rejects a password in plain text and does not show it', () => {
    const found = lint('order', { ...connector, 'database.password': 'hunter2' });
    expect(found.map(({ key }) => key)).toContain('database.password');
    expect(JSON.stringify(found)).not.toContain('hunter2');
    expect(keysOf({ 'producer.override.sasl.jaas.config': 'user and password' })).toEqual([
      'producer.override.sasl.jaas.config',
    ]);
  });
});
