// Checks responses against the OpenAPI document of a process. `call` (shop.ts) fails if a response has an undocumented status or
// content type, or a JSON body that does not match its schema.
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

interface ReceivedResponse {
  readonly method: string;
  /** The path, with the query if there is one. */
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

/** A JSON pointer into the document, as a URI fragment. */
const pointer = (...segments: readonly string[]): string =>
  `#/${segments.map((segment) => encodeURIComponent(segment.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

/** Returns a function that checks a response against the document and returns one sentence per deviation. */
export function createConformance(openApiDocument: unknown): (received: ReceivedResponse) => string[] {
  const document = documentShape.parse(openApiDocument);
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ ...document, $id: 'document' });
  const compiled = new Map<string, ValidateFunction>();
  const routes: Route[] = Object.entries(document.paths)
    .map(([template, operations]) => ({ template, pattern: patternOf(template), operations }))
    // A fixed segment takes precedence over a parameter.
    .sort((a, b) => a.template.split('{').length - b.template.split('{').length);

  return ({ method, path, status, contentType, body }) => {
    const [pathname = ''] = path.split('?');
    const route = routes.find(({ pattern }) => pattern.test(pathname));
    const documentedOperation = route?.operations[method.toLowerCase()];
    // The document has no entry for an unknown path or method. The tests of such requests check the response themselves.
    if (!route || !documentedOperation) return [];
    const operationName = `${method} ${route.template} → ${status}`;
    const response = documentedOperation.responses[String(status)];
    if (!response) return [`${operationName} is not documented`];
    const type = (contentType ?? '').split(';')[0]?.trim() ?? '';
    const contents = response.content;
    if (!contents)
      return body === undefined ? [] : [`${operationName} has a body, but no body is documented`];
    if (!Object.hasOwn(contents, type))
      return [`${operationName} has the content type ${type || 'none'}, which is not documented`];
    if (!type.endsWith('json')) return [];
    const schemaPointer = pointer(
      'paths',
      route.template,
      method.toLowerCase(),
      'responses',
      String(status),
      'content',
      type,
      'schema',
    );
    const validate = compiled.get(schemaPointer) ?? ajv.compile({ $ref: `document${schemaPointer}` });
    compiled.set(schemaPointer, validate);
    if (validate(body)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message }) => `${operationName}: ${instancePath} ${message ?? ''}`,
    );
  };
}
