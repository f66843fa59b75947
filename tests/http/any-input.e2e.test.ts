// Random requests, generated from the OpenAPI document of each process: mostly valid, with some wrong values. For every role the
// response must be documented and must not be a 5xx.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { call, stack, type CallOptions, type Person } from '../support/shop.ts';

const parameter = z.object({ name: z.string(), in: z.string(), schema: z.unknown() });
const operation = z.looseObject({
  operationId: z.string(),
  parameters: z.array(parameter).default([]),
  requestBody: z.object({ content: z.record(z.string(), z.object({ schema: z.unknown() })) }).optional(),
});
const documentShape = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()).default({}) }),
});
const schemaShape = z.looseObject({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  format: z.string().optional(),
  pattern: z.string().optional(),
  minLength: z.number().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  items: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).default([]),
});

/** Operations that are not tested here: they would disturb other tests, create charges without an order, or sign in often. */
const excludedOperations = new Set([
  'behaviour.change',
  'charges.create',
  'charges.refund',
  'connectors.pause',
  'connectors.restart',
  'faults.arm',
  'faults.disarm',
  'identity.token',
]);

const unexpectedValues: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '\0', '\ud800', '\u202e', '__proto__', '9'.repeat(400), 'x'.repeat(5_000)),
  fc.constantFrom(-1, 0, 0.5, 1e308, Number.MAX_SAFE_INTEGER + 1, null, true),
);
const mostlyValid = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary, weight: 7 }, { arbitrary: unexpectedValues, weight: 1 });

/** Generates values that mostly match a JSON schema. `components` are the component schemas of the document. */
const valuesOf = (
  jsonSchema: unknown,
  components: Readonly<Record<string, unknown>>,
): fc.Arbitrary<unknown> => {
  const schema = schemaShape.parse(jsonSchema ?? {});
  const { minimum = -1_000, maximum = 1_000_000, minLength = 0 } = schema;
  if (schema.$ref !== undefined) return valuesOf(components[schema.$ref.split('/').at(-1) ?? ''], components);
  if (schema.enum) return mostlyValid(fc.constantFrom(...schema.enum));
  if (schema.const !== undefined) return mostlyValid(fc.constant(schema.const));
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => valuesOf(one, components)));
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'string':
      if (schema.format === 'uuid') return mostlyValid(fc.uuid());
      if (schema.format === 'date-time')
        return mostlyValid(fc.date({ noInvalidDate: true }).map((at) => at.toISOString()));
      return mostlyValid(
        schema.pattern === undefined
          ? fc.string({ unit: 'grapheme', minLength, maxLength: minLength + 30 })
          : fc.stringMatching(new RegExp(schema.pattern), { size: 'small' }),
      );
    case 'integer':
      return mostlyValid(fc.integer({ min: Math.ceil(minimum), max: Math.floor(maximum) }));
    case 'number':
      return mostlyValid(fc.double({ min: minimum, max: maximum }));
    case 'array':
      return mostlyValid(fc.array(valuesOf(schema.items, components), { maxLength: 3 }));
    case 'object': {
      const members = Object.entries(schema.properties ?? {});
      const shape = Object.fromEntries(members.map(([name, member]) => [name, valuesOf(member, components)]));
      const required = schema.required.filter((name) => Object.hasOwn(shape, name));
      return mostlyValid(fc.record(shape, { requiredKeys: required }));
    }
    default:
      return unexpectedValues;
  }
};

interface Attempt {
  readonly path: string;
  readonly options: CallOptions;
}

const asText = (value: unknown): string =>
  (typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed();
/** HTTP clients refuse some characters in a header value, so all characters except printable ASCII are replaced. */
const asHeader = (value: unknown): string =>
  asText(value)
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .trim();
/** HTTP clients remove dot segments, also with dots encoded as %2e, so the path has the text `%2e` instead of each dot. */
const asSegment = (value: unknown): string =>
  encodeURIComponent(asText(value).slice(0, 2_000)).replaceAll('.', '%252e') || '%20';

type Values = Readonly<Record<string, unknown>>;
const person: fc.Arbitrary<Person | undefined> = fc.constantFrom('user', 'seller', 'admin', undefined);

/** Generates requests of one operation, with the token of a random role or without a token. */
const attempts = (
  path: string,
  method: string,
  { parameters, requestBody }: z.infer<typeof operation>,
  components: Readonly<Record<string, unknown>>,
): fc.Arbitrary<Attempt> => {
  const parametersIn = (location: string): fc.Arbitrary<Values> => {
    const selected = parameters.filter((parameter) => parameter.in === location);
    const shape = Object.fromEntries(
      selected.map(({ name, schema }) => [name, valuesOf(schema, components)]),
    );
    return fc.record(shape, location === 'path' ? {} : { requiredKeys: [] });
  };
  const body = requestBody
    ? fc.oneof(valuesOf(requestBody.content['application/json']?.schema, components), unexpectedValues)
    : fc.constant(undefined);
  return fc
    .record({
      as: person,
      inPath: parametersIn('path'),
      query: parametersIn('query'),
      headers: parametersIn('header'),
      body,
    })
    .map(({ as, inPath, query, headers, body: sent }) => {
      const target = path.replaceAll(/\{(.+?)\}/g, (_whole, name: string) => asSegment(inPath[name]));
      const search = new URLSearchParams(
        Object.entries(query).map(([name, value]): [string, string] => [name, asText(value)]),
      );
      const fields = Object.entries(headers).map(([name, value]) => [name, asHeader(value).slice(0, 2_000)]);
      return {
        path: search.size === 0 ? target : `${target}?${search.toString()}`,
        options: {
          ...(as === undefined ? {} : { as }),
          method: method.toUpperCase(),
          headers: Object.fromEntries(fields),
          ...(sent === undefined ? {} : { body: sent }),
        },
      };
    });
};

const { seed } = stack;
const secondsPerProcess = 6;

describe(`any request (seed ${seed})`, () => {
  it.each(['order', 'inventory', 'payment', 'gateway', 'dashboard', 'auditor'] as const)(
    'to the %s process gets a documented response other than 5xx',
    async (part) => {
      const response = await fetch(`${stack.urls[part]}/openapi.json`, {
        signal: AbortSignal.timeout(10_000),
      });
      const { paths, components } = documentShape.parse(await response.json());
      const operations = Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).flatMap(([method, one]) =>
          excludedOperations.has(one.operationId) ? [] : [attempts(path, method, one, components.schemas)],
        ),
      );
      expect(operations.length).toBeGreaterThan(5);
      let answered = 0;
      await fc.assert(
        fc.asyncProperty(fc.oneof(...operations), async ({ path, options }) => {
          const { status } = await call(part, path, options);
          answered += 1;
          if (status >= 500) throw new Error(`${options.method ?? ''} ${path} was answered ${status}`);
        }),
        {
          seed,
          numRuns: 400,
          interruptAfterTimeLimit: secondsPerProcess * 1_000,
          markInterruptAsFailure: false,
        },
      );
      expect(answered).toBeGreaterThan(operations.length);
    },
    60_000,
  );
});
