// A typed client of an API, inferred from its endpoints: a call that the API does not have does not compile. A successful response
// is validated against its documented schema, a refusal against the schema of all problems.
import type { z } from '@hono/zod-openapi';
import { problemSchema, type ProblemBody } from '../endpoint/problem-document.ts';

type Schema = z.ZodType;
interface Route {
  readonly method: string;
  readonly path: string;
  readonly request?: {
    readonly params?: unknown;
    readonly query?: unknown;
    readonly headers?: unknown;
    readonly body?: unknown;
  };
  readonly responses: object;
}

type InputOf<T> = T extends Schema ? z.input<T> : never;
type JsonOf<T> = T extends {
  readonly content: { readonly 'application/json': { readonly schema: infer S extends Schema } };
}
  ? S
  : never;

/** One field of a request; optional when all values in it are optional. */
type InputField<Name extends string, Value> = [Value] extends [never]
  ? object
  : object extends Value
    ? Partial<Readonly<Record<Name, Value>>>
    : Readonly<Record<Name, Value>>;
type RequestOf<R extends Route> = R extends { readonly request: infer Q }
  ? InputField<'params', Q extends { readonly params: infer P } ? InputOf<P> : never> &
      InputField<'query', Q extends { readonly query: infer P } ? InputOf<P> : never> &
      InputField<'headers', Q extends { readonly headers: infer P } ? InputOf<P> : never> &
      InputField<'body', Q extends { readonly body: infer B } ? InputOf<JsonOf<B>> : never>
  : object;

/** A successful response. 304 is left out: only a request with If-None-Match gets it. */
type Success<R extends Route> = {
  [Status in Exclude<keyof R['responses'] & number, 304>]: {
    readonly ok: true;
    readonly status: Status;
    readonly headers: Headers;
    readonly body: [JsonOf<R['responses'][Status]>] extends [never]
      ? undefined
      : z.output<JsonOf<R['responses'][Status]>>;
  };
}[Exclude<keyof R['responses'] & number, 304>];

export interface Refusal {
  readonly ok: false;
  readonly status: number;
  readonly headers: Headers;
  readonly problem: ProblemBody;
}
export type AnswerOf<R extends Route> = Success<R> | Refusal;

interface ClientOptions {
  /** The base URL, without a trailing slash. */
  readonly baseUrl: string;
  /** Returns the access token. Called for each request, so that the token can be renewed. */
  readonly token?: () => Promise<string> | string;
  /** Milliseconds; 15,000 when absent. */
  readonly timeoutMs?: number;
}

export type Client<Api extends Readonly<Record<string, Route>>> = {
  readonly [Name in keyof Api]: (
    ...request: object extends RequestOf<Api[Name]>
      ? [request?: RequestOf<Api[Name]>]
      : [request: RequestOf<Api[Name]>]
  ) => Promise<AnswerOf<Api[Name]>>;
};

interface RequestValues {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

const defined = (values: Readonly<Record<string, unknown>> = {}): [string, string][] =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, String(value)]);

const urlOf = (baseUrl: string, path: string, { params, query }: RequestValues): string => {
  const values = new Map(defined(params));
  const filled = path.replaceAll(/\{(.+?)\}/g, (_, name: string) =>
    encodeURIComponent(values.get(name) ?? ''),
  );
  const search = new URLSearchParams(defined(query)).toString();
  return `${baseUrl}${filled}${search === '' ? '' : `?${search}`}`;
};

interface JsonResponse {
  readonly content: { readonly 'application/json': { readonly schema: Schema } };
}
const isJsonResponse = (response: unknown): response is JsonResponse =>
  typeof response === 'object' &&
  response !== null &&
  'content' in response &&
  typeof response.content === 'object' &&
  response.content !== null &&
  'application/json' in response.content;

const schemaOf = (responses: object, status: number): Schema | undefined => {
  const response: unknown = Reflect.get(responses, String(status));
  return isJsonResponse(response) ? response.content['application/json'].schema : undefined;
};

/** A call rejects when the service cannot be reached in time, or when its response breaks the contract. */
export function createClient<const Api extends Readonly<Record<string, Route>>>(
  api: Api,
  { baseUrl, token, timeoutMs = 15_000 }: ClientOptions,
): Client<Api> {
  const call = async ({ method, path, responses }: Route, request: RequestValues) => {
    const response = await fetch(urlOf(baseUrl, path, request), {
      method: method.toUpperCase(),
      headers: {
        accept: 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${await token()}` }),
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...Object.fromEntries(defined(request.headers)),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    });
    const { status, headers } = response;
    if (status >= 400) {
      return { ok: false, status, headers, problem: problemSchema.parse(await response.json()) };
    }
    if (!(status in responses))
      throw new Error(`${method} ${path} has answered with ${status}, which is not documented`);
    const schema = schemaOf(responses, status);
    const body: unknown = schema ? schema.parse(await response.json()) : undefined;
    return { ok: true, status, headers, body };
  };
  const calls = Object.entries(api).map(([name, route]) => [
    name,
    (request: RequestValues = {}) => call(route, request),
  ]);
  // Safe: every name calls its own route, and the response was validated against the schema of that route.
  return Object.fromEntries(calls) as Client<Api>;
}
