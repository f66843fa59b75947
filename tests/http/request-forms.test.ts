// Ids in capital letters, which the services accept, and requests that the published schemas must refuse.
import { OpenAPIHono, z } from '@hono/zod-openapi';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { inventoryApi } from '../../services/inventory/http/api.ts';
import { orderApi } from '../../services/order/http/api.ts';
import { paymentApi } from '../../services/payment/http/api.ts';
import { verificationRoute } from '../../services/platform/http/routes/audit-http.ts';
import * as deadLetterApi from '../../services/platform/http/routes/dead-letters-api.ts';

const id = '0198c0de-0000-7000-8000-00000000000a';
const upperCaseId = id.toUpperCase();

const route = z.looseObject({ method: z.string(), path: z.string(), request: z.looseObject({}).optional() });
const routes = [orderApi, inventoryApi, paymentApi, deadLetterApi]
  .flatMap((api) => Object.values<unknown>(api))
  .flatMap((value) => (route.safeParse(value).success ? [route.parse(value)] : []));
/** The schemas of all paths and queries that contain an id. */
const schemasWithIds = routes.flatMap(({ method, path, request }) =>
  [request?.['params'], request?.['query']].flatMap((schema) =>
    schema instanceof z.ZodObject && Object.keys(schema.shape).some((name) => /id$/i.test(name))
      ? [{ what: `${method} ${path}`, schema }]
      : [],
  ),
);

describe('an id in capital letters is the same id', () => {
  it('in every path and query', () => {
    expect(schemasWithIds.length).toBeGreaterThan(15);
    for (const { what, schema } of schemasWithIds) {
      const names = Object.keys(schema.shape).filter((name) => /id$/i.test(name));
      const read = schema.parse(Object.fromEntries(names.map((name) => [name, upperCaseId])));
      expect(new Set(names.map((name) => read[name])), what).toEqual(new Set([id]));
    }
  });

  it('in a body; an id that is not a UUID stays unchanged', () => {
    const body = orderApi.place.request.body.content['application/json'].schema;
    const { items } = body.parse({
      items: [
        { productId: upperCaseId, quantity: 1 },
        { productId: 'Mug-A', quantity: 1 },
      ],
      payment: { mode: 'AUTO', method: 'card' },
    });
    expect(items.map(({ productId }) => productId)).toEqual([id, 'Mug-A']);
  });
});

describe('the published schemas refuse, like the server,', () => {
  const documentShape = z.looseObject({
    paths: z.record(
      z.string(),
      z.record(
        z.string(),
        z.looseObject({
          parameters: z.array(z.looseObject({ name: z.string(), schema: z.looseObject({}) })),
        }),
      ),
    ),
    components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
  });
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerPath(inventoryApi.change);
  app.openAPIRegistry.registerPath(verificationRoute);
  const document = documentShape.parse(
    app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'Test', version: '1' } }),
  );
  const accepts = (schema: object, value: unknown): boolean =>
    new Ajv2020({ strict: false }).addSchema({ ...document, $id: 'document' }).compile(schema)(value);

  it('a change of a product without any field', () => {
    const schema = { $ref: 'document#/components/schemas/ProductChange' };
    expect(accepts(schema, {})).toBe(false);
    expect(accepts(schema, { name: 'Cup' })).toBe(true);
  });

  it('an audit log anchor without its position or its hash', () => {
    const { parameters } = document.paths['/api/v1/audit/verification']?.['get'] ?? { parameters: [] };
    const schema = parameters.find(({ name }) => name === 'anchor')?.schema ?? {};
    expect(accepts(schema, { position: 1 })).toBe(false);
    expect(accepts(schema, { hash: '0'.repeat(64) })).toBe(false);
    expect(accepts(schema, { position: 1, hash: '0'.repeat(64) })).toBe(true);
    expect(accepts(schema, {})).toBe(true);
  });
});
