import { describe, expect, it } from 'vitest';
import { jobOf } from './jobs.ts';

const three = ['order=order-db:5432', 'inventory=inventory-db:5433', 'payment=10.0.0.7:5434'];
const databases = {
  order: { host: 'order-db', port: 5432 },
  inventory: { host: 'inventory-db', port: 5433 },
  payment: { host: '10.0.0.7', port: 5434 },
};

describe('the arguments of a job', () => {
  it('are parsed', () => {
    expect(jobOf(['databases', ...three.toReversed()])).toEqual({ name: 'databases', databases });
    expect(jobOf(['topics', 'kafka-1:9092,kafka-2:9092'])).toEqual({
      name: 'topics',
      brokers: 'kafka-1:9092,kafka-2:9092',
    });
    expect(jobOf(['replication', 'kafka:9092'])).toEqual({ name: 'replication', brokers: 'kafka:9092' });
    expect(jobOf(['schemas', 'http://registry:8080/apis/ccompat/v7/'])).toEqual({
      name: 'schemas',
      registry: 'http://registry:8080/apis/ccompat/v7',
    });
    expect(jobOf(['connectors', 'http://connect:8083', ...three])).toEqual({
      name: 'connectors',
      connect: 'http://connect:8083',
      databases,
    });
  });

  it.each([
    [[], 'name a job'],
    [['everything'], 'there is no job "everything"'],
    [['databases', ...three.slice(1)], 'name the database of order exactly once'],
    [['databases', ...three, 'order=other:5432'], 'name the database of order exactly once'],
    [['databases', ...three, 'billing=db:5432'], '"billing=db:5432" is not a database of'],
    [['databases', 'order=order-db', ...three.slice(1)], '"order-db" is not <host>:<port>'],
    [['topics'], '"" is not <host>:<port>'],
    [['topics', 'kafka:70000'], '"kafka:70000" is not <host>:<port>'],
    [['topics', 'kafka:9092', 'other:9092'], 'topics takes one argument, not also other:9092'],
    [['replication', 'kafka'], '"kafka" is not <host>:<port>'],
    [['schemas', 'registry:8080'], '"registry:8080" is not an http or https address'],
    [['connectors', ...three], '"order=order-db:5432" is not an http or https address'],
  ])('are refused with a sentence and the usage: %j', (args, sentence) => {
    expect(() => jobOf(args)).toThrow(sentence);
    expect(() => jobOf(args)).toThrow('usage: node scripts/provision.ts');
  });
});
