// The AsyncAPI document is one: it fits the official schema of AsyncAPI 3, each reference leads somewhere, and the examples are
// what the schemas say.
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asyncApi, generateCatalogue } from './catalogue.ts';
import { readContract } from './releases.ts';
import { subscribersOf } from './review/usage.ts';

const root = join(import.meta.dirname, '..', '..');
const contract = readContract();
const subscribers = subscribersOf(root);
const document = Object(
  JSON.parse(
    JSON.stringify(
      asyncApi(contract, subscribers, { kafka: 'kafka:9092', registry: 'http://registry:8081' }),
    ),
  ),
);

describe('schemas/asyncapi.json', () => {
  it('fits the official schema of AsyncAPI 3', () => {
    const official = JSON.parse(
      readFileSync(createRequire(import.meta.url).resolve('@asyncapi/specs/schemas/3.0.0.json'), 'utf8'),
    );
    // It brings JSON Schema along, so Ajv's own copy would be a second one.
    const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false });
    formats.default(ajv);
    const validate = ajv.compile(official);
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
    expect(validate({ ...document, channels: { wrong: 1 } })).toBe(false);
  });

  it('has no reference that leads nowhere', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, path = '']) => path,
    );
    expect(references.length).toBeGreaterThan(contract.working.length * 2);
    for (const path of references)
      expect(
        path
          .split('/')
          .reduce<unknown>((value, name) => new Map(Object.entries(Object(value))).get(name), document),
        path,
      ).toBeDefined();
  });

  it('names for every service what it sends and takes', () => {
    const { operations } = document;
    expect(operations['payment-receives-order-events'].messages).toEqual([
      { $ref: '#/channels/order-events/messages/order.cancelled' },
      { $ref: '#/channels/order-events/messages/order.created' },
    ]);
    expect(operations['order-sends-order-events'].action).toBe('send');
    expect(operations['order-receives-order-events']).toBeUndefined();
  });

  it('is part of the catalogue that people read', async () => {
    const text = generateCatalogue(contract, subscribers);
    for (const { eventType } of contract.working) expect(text).toContain(`## ${eventType}\n`);
    expect(text).toMatch(/\| consumers \| inventory, payment/);
  });
});
