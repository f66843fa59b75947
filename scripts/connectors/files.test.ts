import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConnector } from './files.ts';
import { canaryTopicOf, serviceNames, services, type ServiceName } from '../stack/topology.ts';

const readme = readFileSync(join(import.meta.dirname, '..', '..', 'connectors', 'README.md'), 'utf8');
const explained = readme
  .slice(readme.indexOf('\n## '))
  .split('\n')
  .flatMap((line) => /^\| `([^`]+)` *\|/.exec(line)?.[1] ?? []);

/** The configuration with the name of its service replaced, so that the files can be compared. */
const withoutServiceName = (service: ServiceName): Record<string, string> => {
  return Object.fromEntries(
    Object.entries(readConnector(service)).map(([key, value]) => [
      key,
      value.replaceAll(service.toUpperCase(), 'SERVICE').replaceAll(service, 'service'),
    ]),
  );
};

describe('connectors/README.md', () => {
  it.each(serviceNames)('explains every key of %s.json', (service) => {
    expect(Object.keys(readConnector(service)).filter((key) => !explained.includes(key))).toEqual([]);
  });

  it('explains only keys that exist, each once', () => {
    const keys = new Set(serviceNames.flatMap((service) => Object.keys(readConnector(service))));
    expect(explained.filter((key) => !keys.has(key))).toEqual([]);
    expect(new Set(explained).size).toBe(explained.length);
  });
});

describe('the connector files', () => {
  it('differ only in the name of their service', () => {
    const [first, ...others] = serviceNames.map(withoutServiceName);
    for (const other of others) expect(other).toEqual(first);
  });

  // Routes as the router does: the pattern has to match the whole value, and an unmatched group is replaced by nothing.
  const topicFor = (service: ServiceName, value: string): string => {
    const {
      'transforms.outbox.route.topic.regex': pattern = '',
      'transforms.outbox.route.topic.replacement': to = '',
    } = readConnector(service);
    const regex = new RegExp(`^${pattern.replace('(?s)', '')}$`, 's');
    expect(regex.test(value)).toBe(true);
    return value.replace(regex, to);
  };

  it.each(serviceNames)('route every value of aggregate_type to one of two topics: %s.json', (service) => {
    const { topic } = services[service];
    for (const value of [service, 'order', '', 'canary', 'a-canary\nb', 'x-canary-events', '$1']) {
      expect(topicFor(service, value)).toBe(topic);
    }
    for (const value of ['outbox-canary', '-canary', 'a\nb-canary']) {
      expect(topicFor(service, value)).toBe(canaryTopicOf(topic));
    }
  });
});
