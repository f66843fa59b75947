// Proxies requests of the pages to the services, with the access token of the session. The services alone decide what the user
// may do. Only `/api/v1` of a service is reachable, and only the listed headers are forwarded.
import type { StatusCode } from 'hono/utils/http-status';
import { problem } from '../../../platform/http/endpoint/problem.ts';
import type { App, AppContext } from '../../../platform/http/server/request-context.ts';
import { correlationHeader } from '../../../platform/http/server/edge.ts';
import type { Sessions } from '../session/sessions.ts';

/** The base URL of each service that the pages may call. */
export type ServiceUrls = Readonly<Record<'order' | 'inventory' | 'payment' | 'auditor', string>>;

const requestHeaders = [
  'accept',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'last-event-id',
  'prefer',
];
const responseHeaders = [
  'cache-control',
  'content-type',
  'etag',
  'idempotent-replayed',
  'preference-applied',
  'retry-after',
  'vary',
  correlationHeader,
];

const pick = (from: Headers, names: readonly string[]): Headers => {
  const picked = new Headers();
  for (const name of names) {
    const value = from.get(name);
    if (value !== null) picked.set(name, value);
  }
  return picked;
};

const timeoutMs = 20_000;

const isStream = (c: AppContext): boolean => c.req.header('accept') === 'text/event-stream';

/** Adds the routes `/api/{service}/…`, which forward to `/api/v1/…` of the service. */
export const addServiceProxy = (
  app: App,
  { services, sessions }: { readonly services: ServiceUrls; readonly sessions: Sessions },
): void => {
  const forward = async (c: AppContext, service: string, base: string): Promise<Response> => {
    const session = await sessions.current(c);
    if (session === undefined) throw problem('unauthenticated', { detail: 'Sign in first.' });
    const { pathname, search } = new URL(c.req.url);
    const headers = pick(c.req.raw.headers, requestHeaders);
    headers.set('authorization', `Bearer ${session.accessToken}`);
    headers.set('traceparent', c.get('traceparent'));
    headers.set(correlationHeader, c.get('correlationId'));
    const hasBody = c.req.method !== 'GET' && c.req.method !== 'HEAD';
    // An event stream has no timeout; it ends when the client disconnects.
    const disconnected = c.req.raw.signal;
    const signal = isStream(c)
      ? disconnected
      : AbortSignal.any([disconnected, AbortSignal.timeout(timeoutMs)]);
    try {
      const answer = await fetch(`${base}/api/v1${pathname.slice(`/api/${service}`.length)}${search}`, {
        method: c.req.method,
        headers,
        redirect: 'manual',
        signal,
        ...(hasBody ? { body: await c.req.arrayBuffer() } : {}),
      });
      // Set on the context and not on a new response, which would lose the cookie of a session that was just renewed.
      for (const [name, value] of pick(answer.headers, responseHeaders)) c.header(name, value);
      // Safe: the services respond with valid status codes.
      c.status(answer.status as StatusCode);
      return answer.body === null ? c.body(null) : c.body(answer.body);
    } catch (error) {
      if (!disconnected.aborted) c.get('logger').warn('a service is not responding', { to: service, error });
      throw problem('unavailable', {
        detail: `The ${service === 'auditor' ? service : `${service} service`} is not responding.`,
        headers: { 'Retry-After': '1' },
      });
    }
  };

  for (const [service, base] of Object.entries(services)) {
    app.all(`/api/${service}/*`, async (c) => {
      if (isStream(c)) return forward(c, service, base);
      const release = c.get('guards').admission.admit();
      try {
        return await forward(c, service, base);
      } finally {
        release();
      }
    });
  }
};
