import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConnector } from './provision.ts';
import { passwords, serviceNames, services, type ServiceName } from './topology.ts';

const explained = readFileSync(join(import.meta.dirname, '..', '..', 'connectors', 'README.md'), 'utf8')
  .split('\n')
  .flatMap((line) => /^\| `([^`]+)` *\|/.exec(line)?.[1] ?? []);

/** A configuration with the name of its service replaced, so that equals become equal. */
const anonymous = (service: ServiceName): Record<string, string> => {
  return Object.fromEntries(
    Object.entries(readConnector(service)).map(([key, value]) => [
      key,
      value
        .replaceAll(service.toUpperCase(), 'SERVICE')

        .replaceAll(service, 'service'),
    ]),
  );
};

describe('the explanations in connectors/README.md', () => {
  it.each(serviceNames)('explain every key of %s.json', (service) => {
    expect(Object.keys(readConnector(service)).filter((key) => !explained.includes(key))).toEqual([]);
  });

  it('explain no key that no file has, and none twice', () => {
    const keys = new Set(serviceNames.flatMap((service) => Object.keys(readConnector(service))));
    expect(explained.filter((key) => !keys.has(key))).toEqual([]);
    expect(new Set(explained).size).toBe(explained.length);
  });
});

describe('the connector files', () => {
  it('differ in the name of their service alone', () => {
    const [first, ...others] = serviceNames.map(anonymous);
    for (const other of others) expect(other).toEqual(first);
  });

  it.each(serviceNames)('%s.json names what the topology describes', (service) => {
    const { database, topic } = services[service];
    expect(readConnector(service)).toMatchObject({
      'database.user': database.cdc,
      'database.password': `\${env:${passwords[service].cdc}}`,
      'slot.name': database.slot,
      'publication.name': database.publication,
      'transforms.outbox.route.topic.replacement': topic,
    });
  });
});

describe.each(serviceNames)('%s.json keeps the rules that guard against lost events', (service) => {
  const connector = readConnector(service);

  it('never drops what it cannot convert or send', () => {
    expect(connector['errors.tolerance']).toBe('none');
    expect(connector['event.processing.failure.handling.mode']).toBe('fail');
  });

  it('skips truncates as well as updates and deletes', () => {
    expect(connector['skipped.operations']?.split(',').sort()).toEqual(['d', 't', 'u']);
  });

  it('can write a heartbeat, which has no payload column', () => {
    expect(connector['value.converter']).toBe('io.debezium.converters.BinaryDataConverter');
    expect(connector['value.converter.delegate.converter.type']).toBe(
      'org.apache.kafka.connect.json.JsonConverter',
    );
  });

  it('reads the outbox and no other table', () => {
    expect(connector['table.include.list']).toBe('public.outbox');
    expect(connector['publication.autocreate.mode']).toBe('disabled');
  });

  it('publishes exactly once, with no codec that KafkaJS lacks', () => {
    expect(connector['exactly.once.support']).toBe('required');
    expect(connector['transaction.boundary']).toBe('poll');
    expect(connector['producer.override.compression.type']).toBe('none');
  });

  it('holds no secret', () => {
    for (const [key, value] of Object.entries(connector))
      if (/password|secret|token/i.test(key)) expect(value).toMatch(/^\$\{env:[A-Z_]+\}$/);
  });
});
