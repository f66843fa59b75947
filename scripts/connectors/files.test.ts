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

/** A configuration with the name of its service replaced, so that equals become equal. */
const anonymous = (service: ServiceName): Record<string, string> => {
  return Object.fromEntries(
    Object.entries(readConnector(service)).map(([key, value]) => [
      key,
      value.replaceAll(service.toUpperCase(), 'SERVICE').replaceAll(service, 'service'),
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

  // As the router does it: the pattern over the whole value, each group that took no part replaced by nothing.
  const routed = (service: ServiceName, value: string): string => {
    const {
      'transforms.outbox.route.topic.regex': pattern = '',
      'transforms.outbox.route.topic.replacement': to = '',
    } = readConnector(service);
    const regex = new RegExp(`^${pattern.replace('(?s)', '')}$`, 's');
    expect(regex.test(value)).toBe(true);
    return value.replace(regex, to);
  };

  it.each(serviceNames)('%s.json has two topics, whatever the column holds', (service) => {
    const { topic } = services[service];
    for (const value of [service, 'order', '', 'canary', 'a-canary\nb', 'x-canary-events', '$1']) {
      expect(routed(service, value)).toBe(topic);
    }
    for (const value of ['outbox-canary', '-canary', 'a\nb-canary']) {
      expect(routed(service, value)).toBe(canaryTopicOf(topic));
    }
  });
});
