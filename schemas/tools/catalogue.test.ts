// The AsyncAPI document matches the official schema of AsyncAPI 3, its references resolve, and it names the senders and
// receivers.
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
  it('matches the official schema of AsyncAPI 3', () => {
    const official = JSON.parse(
      readFileSync(createRequire(import.meta.url).resolve('@asyncapi/specs/schemas/3.0.0.json'), 'utf8'),
    );
    // The official schema contains the JSON Schema meta-schema, which would collide with Ajv's own copy.
    const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false });
    formats.default(ajv);
    const validate = ajv.compile(official);
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
    expect(validate({ ...document, channels: { wrong: 1 } })).toBe(false);
  });

  it('has only references that resolve', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, path = '']) => path,
    );
    expect(references.length).toBeGreaterThan(contract.workingSchemas.length * 2);
    for (const path of references)
      expect(
        path
          .split('/')
          .reduce<unknown>((value, name) => new Map(Object.entries(Object(value))).get(name), document),
        path,
      ).toBeDefined();
  });

  it('lists the events that each service sends and receives', () => {
    const { operations } = document;
    expect(operations['payment-receives-order-events'].messages).toEqual([
      { $ref: '#/channels/order-events/messages/order.cancelled' },
      { $ref: '#/channels/order-events/messages/order.created' },
    ]);
    expect(operations['order-sends-order-events'].action).toBe('send');
    expect(operations['order-receives-order-events']).toBeUndefined();
  });
});

describe('schemas/CATALOGUE.md', () => {
  it('has a section for every event, and lists the consumers', () => {
    const text = generateCatalogue(contract, subscribers);
    for (const { eventType } of contract.workingSchemas) expect(text).toContain(`## ${eventType}\n`);
    expect(text).toMatch(/\| consumers \| inventory, payment/);
  });
});
