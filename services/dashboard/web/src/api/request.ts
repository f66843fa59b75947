// The HTTP client of the pages. Every failure is a `Problem` with a title, a message and, if the server sent one, a correlation id.

/** The RFC 9457 fields that the pages show. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly correlationId: string | undefined;
  readonly fields: readonly { readonly path: string; readonly message: string }[];

  constructor(status: number, body: Partial<ProblemBody>) {
    super(body.detail ?? body.title ?? `The server responded with status ${status}.`);
    this.name = 'Problem';
    this.status = status;
    this.code = body.code ?? 'unknown';
    this.title = body.title ?? 'Something went wrong';
    this.correlationId = body.correlationId;
    this.fields = body.errors ?? [];
  }
}

interface ProblemBody {
  readonly title: string;
  readonly detail: string;
  readonly code: string;
  readonly correlationId: string;
  readonly errors: readonly { readonly path: string; readonly message: string }[];
}

/** Whether the outcome is unknown: the server may have processed the request although no usable response arrived. */
export const isOutcomeUnknown = (error: unknown): boolean =>
  error instanceof Problem && (error.status === 0 || error.status >= 500);

/**
 * Whether a request with an idempotency key must be repeated with the same key, because it may have taken effect or may still do
 * so. The answers 401, 429 and `idempotency_key_in_flight` say nothing about the outcome of an earlier request with the key.
 */
export const isUnanswered = (error: unknown): boolean =>
  isOutcomeUnknown(error) ||
  (error instanceof Problem &&
    (error.status === 401 || error.status === 429 || error.code === 'idempotency_key_in_flight'));

interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const problemOf = async (response: Response): Promise<Problem> => {
  try {
    return new Problem(response.status, (await response.json()) as Partial<ProblemBody>);
  } catch {
    return new Problem(response.status, {});
  }
};

const timeoutMs = 20_000;

/**
 * Resolves with the JSON body, or with undefined for a 204. Rejects with a `Problem`, unless `signal` aborts the request. The
 * status of the problem is 0 if no complete JSON response arrived.
 */
export async function request<T>(
  path: string,
  { method = 'GET', body, headers, signal }: RequestOptions = {},
): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(path, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw await problemOf(response);
    // Safe: types.ts infers the type from the API definition of the service.
    return (response.status === 204 ? undefined : await response.json()) as T;
  } catch (error) {
    if (signal?.aborted === true || error instanceof Problem) throw error;
    throw new Problem(0, {
      code: 'unreachable',
      title: 'Cannot reach the server',
      detail: `Check your connection and try again.${method === 'GET' ? '' : ' Your input is still here.'}`,
    });
  }
}

/** The query string with a leading `?`, without undefined and empty values. */
export const query = (values: Readonly<Record<string, string | number | undefined>>): string => {
  const entries = Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries).toString()}`;
};
