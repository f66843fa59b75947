import { describe, expect, it } from 'vitest';
import { everyService } from '../domain/facts.ts';
import { readConnectorFile } from './connector-file.ts';
import { changesBetween } from './impact.ts';
import { isExplained } from './impact-table.ts';

const connector = readConnectorFile('order');
const changesTo = (key: string, to: string | undefined) => {
  const desired = Object.fromEntries(
    Object.entries({ ...connector, [key]: to ?? '' }).filter(([k]) => to !== undefined || k !== key),
  );
  return changesBetween(desired, { ...connector, name: 'order-outbox' });
};

describe('changesBetween', () => {
  it.each(everyService)('explains every key of %s.json', (service) => {
    expect(Object.keys(readConnectorFile(service)).filter((key) => !isExplained(key))).toEqual([]);
  });

  it('finds no change when only `name` differs, because Connect adds this key', () => {
    expect(changesBetween(connector, { ...connector, name: 'order-outbox' })).toEqual([]);
  });

  it.each<[string, string, string | undefined]>([
    ['restart', 'poll.interval.ms', '500'],
    ['restart', 'heartbeat.interval.ms', '5000'],
    ['restart', 'database.user', 'another_cdc'],
  ])('finds a harmless change with the consequence %s for %s', (consequence, key, to) => {
    expect(changesTo(key, to)).toMatchObject([{ key, consequence, dangerous: false, to }]);
  });

  it.each<[string, string, string | undefined]>([
    ['replay', 'topic.prefix', 'orders'],
    ['slot', 'slot.name', 'another_slot'],
    ['loss', 'database.hostname', 'elsewhere'],
    ['loss', 'errors.tolerance', 'all'],
    ['loss', 'slot.drop.on.stop', 'true'],
    ['loss', 'offset.mismatch.strategy', 'no_validation'],
    ['replay', 'snapshot.mode', 'initial'],
    ['topic', 'transforms.outbox.route.topic.replacement', 'orders'],
    ['topic', 'transforms.outbox.route.topic.regex', '(.*)'],
    ['order', 'transforms.outbox.table.field.event.key', 'id'],
    ['order', 'key.converter', 'org.apache.kafka.connect.json.JsonConverter'],
    ['loss', 'producer.override.acks', '1'],
    ['order', 'producer.override.enable.idempotence', 'false'],
    ['failure', 'value.converter.delegate.converter.type', undefined],
    ['slot', 'heartbeat.interval.ms', '0'],
    ['slot', 'heartbeat.action.query', undefined],
    ['contract', 'transforms.outbox.table.fields.additional.placement', 'event_type:header:eventType'],
    ['failure', 'some.key.nobody.knows', '1'],
  ])('finds a dangerous change with the consequence %s for %s', (consequence, key, to) => {
    expect(changesTo(key, to)).toMatchObject([{ key, consequence, dangerous: true }]);
  });

  it('finds only restarts when an older connector gets a topic for canaries', () => {
    const { 'transforms.outbox.route.topic.regex': _regex, ...before } = connector;
    const changes = changesBetween(connector, {
      ...before,
      'transforms.outbox.route.topic.replacement': 'order-events',
    });
    expect(changes).toMatchObject([
      { consequence: 'restart', dangerous: false },
      { consequence: 'restart', dangerous: false },
    ]);
  });

  it('finds only restarts when changes made by hand are reverted', () => {
    const actual = {
      ...connector,
      'errors.tolerance': 'all',
      'snapshot.mode': 'initial',
      'added.by.hand': 'x',
    };
    const harmless = { consequence: 'restart', dangerous: false };
    expect(changesBetween(connector, actual)).toMatchObject([
      { key: 'snapshot.mode', to: 'no_data', ...harmless },
      { key: 'errors.tolerance', to: 'none', ...harmless },
      { key: 'added.by.hand', to: undefined, ...harmless },
    ]);
  });

  it('warns, when a header is added, that the task fails on rows from before the column existed', () => {
    const key = 'transforms.outbox.table.fields.additional.placement';
    expect(changesTo(key, `${connector[key] ?? ''},schema_id:header:schemaId`)).toMatchObject([
      { consequence: 'failure', dangerous: false, sentence: expect.stringContaining('migrate') },
    ]);
  });

  it('does not show a secret in plain text', () => {
    const keys = ['database.password', 'producer.override.ssl.keystore.key', 'x.basic.auth.user.info'];
    for (const key of keys)
      expect(changesBetween(connector, { ...connector, [key]: 'hunter2' })).toMatchObject([
        { key, from: '(a secret in plain text)' },
      ]);
  });
});
