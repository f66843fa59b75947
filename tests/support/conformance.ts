// Checks every answer that a test receives against the OpenAPI document of the process: an undocumented status, content type or
// field fails the test.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { z } from 'zod';

const operation = z.looseObject({
  responses: z.record(
    z.string(),
    z.looseObject({ content: z.record(z.string(), z.looseObject({})).optional() }),
  ),
});
const documentShape = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operation)),
});

export interface Received {
  readonly method: string;
  /** May have a query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  readonly body: unknown;
}

interface Route {
  readonly template: string;
  readonly pattern: RegExp;
  readonly operations: Readonly<Record<string, z.infer<typeof operation>>>;
}

const patternOf = (template: string): RegExp =>
  new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`);

/** JSON pointer into the document. */
const pointer = (...parts: readonly string[]): string =>
  `#/${parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

/** Returns a function that yields one sentence for each deviation of an answer from the document. */
export function createConformance(given: unknown): (received: Received) => string[] {
  const document = documentShape.parse(given);
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ ...document, $id: 'document' });
  const compiled = new Map<string, ValidateFunction>();
  const routes: Route[] = Object.entries(document.paths)
    .map(([template, operations]) => ({ template, pattern: patternOf(template), operations }))
    // A fixed segment takes precedence over a parameter.
    .sort((one, other) => one.template.split('{').length - other.template.split('{').length);

  return ({ method, path, status, contentType, body }) => {
    const [pathname = ''] = path.split('?');
    const route = routes.find(({ pattern }) => pattern.test(pathname));
    const found = route?.operations[method.toLowerCase()];
    // An unknown path or method is in no document; tests of it check its problem themselves.
    if (!route || !found) return [];
    const what = `${method} ${route.template} → ${status}`;
    const response = found.responses[String(status)];
    if (!response) return [`${what} is not documented`];
    const type = (contentType ?? '').split(';')[0]?.trim() ?? '';
    const contents = response.content;
    if (!contents) return body === undefined ? [] : [`${what} has a body, none is documented`];
    if (!Object.hasOwn(contents, type)) return [`${what} is ${type || 'nothing'}, which is not documented`];
    if (!type.endsWith('json')) return [];
    const at = pointer(
      'paths',
      route.template,
      method.toLowerCase(),
      'responses',
      String(status),
      'content',
      type,
      'schema',
    );
    const validate = compiled.get(at) ?? ajv.compile({ $ref: `document${at}` });
    compiled.set(at, validate);
    if (validate(body)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message }) => `${what}: ${instancePath} ${message ?? ''}`,
    );
  };
}
