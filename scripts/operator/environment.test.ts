import { describe, expect, it } from 'vitest';
import { stackOf } from './environment.ts';

describe('the stack that a command works on', () => {
  it('is on this machine by default, on the ports that the environment sets', () => {
    const stack = stackOf({ KAFKA_PORT: '19092', ORDER_DB_PORT: '15441' });
    expect(stack.kafka).toEqual({ brokers: ['127.0.0.1:19092'], security: { tls: false } });
    expect(stack.urls.connect).toBe('http://127.0.0.1:8083');
    expect(stack.registry).toEqual({
      url: 'http://127.0.0.1:8081/apis/ccompat/v7',
      security: { tls: false },
    });
    const url = stack.databaseUrl('order', 'auditor');
    expect(url).toBe('postgres://order_auditor:orderflow@127.0.0.1:15441/orders');
    expect(stack.databaseTrust(url)).toBe(false);
  });

  it('is at the addresses in the variables of the services; a command logs in as the role it needs', () => {
    const stack = stackOf({
      ORDER_DATABASE_URL: 'postgres://order_auditor:hush@db.example:6432/shop',
      ORDER_CDC_PASSWORD: 'a/b@c',
      DATABASE_SSLMODE: 'verify-full',
      KAFKA_BROKERS: 'a.example:9093, b.example:9093',
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_SASL_USERNAME: 'operator',
      KAFKA_SASL_PASSWORD: 'secret',
      CONNECT_URL: 'https://connect.example/',
      SCHEMA_REGISTRY_URL: 'https://registry.example/apis/ccompat/v7/',
      SCHEMA_REGISTRY_USERNAME: 'reader',
      SCHEMA_REGISTRY_PASSWORD: 'secret',
    });
    const url = stack.databaseUrl('order', 'cdc');
    expect(url).toBe('postgres://order_cdc:a%2Fb%40c@db.example:6432/shop');
    expect(stack.databaseTrust(url)).toMatchObject({ rejectUnauthorized: true });
    // A service without a URL keeps the local address.
    expect(stack.databaseUrl('payment', 'cdc')).toContain('@127.0.0.1:5443/payments');
    expect(stack.kafka).toMatchObject({
      brokers: ['a.example:9093', 'b.example:9093'],
      security: { tls: {}, sasl: { mechanism: 'SCRAM-SHA-512', username: 'operator' } },
    });
    expect(stack.urls).toMatchObject({
      connect: 'https://connect.example',
      kafka: 'a.example:9093,b.example:9093',
      registry: 'https://registry.example/apis/ccompat/v7',
    });
    expect(stack.registry.security).toMatchObject({ tls: {}, user: { username: 'reader' } });
  });

  it.each([
    [{ CONNECT_URL: 'connect.example' }, 'CONNECT_URL is "connect.example"'],
    [{ KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' }, 'KAFKA_SASL_MECHANISM is not set'],
    [{ ORDER_DATABASE_URL: 'postgres://me@db/x?sslmode=require' }, 'ORDER_DATABASE_URL has TLS parameters'],
    [{ SCHEMA_REGISTRY_USERNAME: 'reader' }, 'SCHEMA_REGISTRY_PASSWORD is not'],
  ])('is unknown when a setting is invalid, and the failure names the setting: %j', (env, sentence) => {
    expect(() => stackOf(env)).toThrow(sentence);
  });
});
