// The middleware that every request passes: correlation id, span, metric and log line, body limit, security headers. Log lines and
// spans contain the pattern of the route, never the path, because a client can put anything into a path.
import { SpanStatusCode } from '@opentelemetry/api';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';
import { v7 as uuidv7 } from 'uuid';
import type { Logger } from '../../process/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { problem } from '../endpoint/problem.ts';
import { routePatternOf, type AppEnv, type Guards } from './request-context.ts';
import { continueTrace } from '../../telemetry/trace-context.ts';
import { entityIdAttributes, beginSpan, SpanKind, traceIdOf } from '../../telemetry/tracing.ts';

export const correlationHeader = 'x-correlation-id';
const safeToken = /^[A-Za-z0-9._-]{1,128}$/;

/** The client's correlation id if it is safe in log lines and headers, else a new id. */
const correlationIdFrom = (given: string | undefined): string =>
  given !== undefined && safeToken.test(given) ? given : uuidv7();

/** Probes arrive every second. They are not traced and are logged at level debug, because they would hide all other requests. */
const isProbe = (path: string): boolean => path.startsWith('/health/') || path === '/metrics';

/** Identifies, traces, measures and logs each request. */
export const edge =
  (logger: Logger, metrics: Metrics, guards: Guards): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    const startedAt = performance.now();
    const correlationId = correlationIdFrom(c.req.header(correlationHeader));
    c.set('correlationId', correlationId);
    c.set('requestId', uuidv7());
    const { method, path } = c.req;
    const parent = c.req.header('traceparent');
    const traced = isProbe(path) ? undefined : beginSpan(method, { kind: SpanKind.SERVER, parent });
    const traceparent = traced?.traceparent ?? continueTrace(parent);
    const traceId = traceIdOf(traceparent);
    c.set('traceparent', traceparent);
    c.set('entityIds', {});
    c.set('logger', logger.child({ correlationId, traceId }));
    c.set('guards', guards);
    c.header(correlationHeader, correlationId);
    await next();
    // A response that the handler made itself does not have the header yet.
    if (c.res.headers.get(correlationHeader) === null) c.header(correlationHeader, correlationId);
    const route = routePatternOf(c);
    const { status } = c.res;
    const ms = performance.now() - startedAt;
    metrics.observeRequest(method, route, status, ms / 1_000);
    if (traced) {
      const { span } = traced;
      span.updateName(`${method} ${route}`);
      span.setAttributes({
        'http.request.method': method,
        'http.route': route,
        'http.response.status_code': status,
        'orderflow.correlation_id': correlationId,
        ...entityIdAttributes(c.get('entityIds')),
      });
      if (status >= 500)
        span.setAttribute('error.type', String(status)).setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    }
    const level = isProbe(route) ? 'debug' : status >= 500 ? 'error' : 'info';
    logger[level]('request', {
      correlationId,
      traceId,
      method,
      route,
      status,
      ms: Math.round(ms * 10) / 10,
      ...c.get('entityIds'),
      subject: c.get('principal')?.subject,
    });
  };

/** Refuses a body of more bytes than `maximumBytes` with the 413 problem, without reading it to its end. */
export const limitBody = (maximumBytes: number): MiddlewareHandler<AppEnv> => {
  const refuse = (): never => {
    throw problem('body_too_large', { detail: `The body exceeds ${maximumBytes} bytes.` });
  };
  const countWhileReading = bodyLimit({ maxSize: maximumBytes, onError: refuse });
  return async (c, next) => {
    const announced = c.req.header('content-length');
    if (announced !== undefined && c.req.header('transfer-encoding') === undefined) {
      // Node never delivers more than the announced length, so the header is enough.
      if (!(Number(announced) <= maximumBytes)) return refuse();
      return next();
    }
    if (c.req.method === 'GET' || c.req.method === 'HEAD' || c.req.method === 'TRACE') return next();
    return countWhileReading(c, next);
  };
};

/** Adds the path of the public URL to a Location header that has only a path. */
export const publicLocations =
  (prefix: string): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    await next();
    const location = c.res.headers.get('Location');
    if (location?.startsWith('/') === true) c.header('Location', `${prefix}${location}`);
  };

/**
 * Default caching headers of API responses, unless the handler has set Cache-Control. The body depends on the caller, so shared
 * caches must not store it and other caches must revalidate it.
 */
export const privateResponses: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  if (!c.req.path.startsWith('/api/') || c.res.headers.has('Cache-Control')) return;
  c.header('Cache-Control', 'private, no-cache');
  c.header('Vary', 'Authorization', { append: true });
};

export const securityHeaders = secureHeaders({
  xFrameOptions: 'DENY',
  referrerPolicy: 'no-referrer',
  // The proxy that terminates TLS for the public host sets this header.
  strictTransportSecurity: false,
});

/**
 * The default Content-Security-Policy, unless the handler has set one: the document may load nothing. Pages set their own policy.
 */
export const defaultContentPolicy: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  if (c.res.headers.has('Content-Security-Policy')) return;
  c.header('Content-Security-Policy', "default-src 'none'; base-uri 'none'; frame-ancestors 'none'");
};

/** Headers that the pages of other origins may read. */
export const exposedHeaders = [
  'ETag',
  'Location',
  'Retry-After',
  'X-Correlation-Id',
  'Idempotent-Replayed',
  'Preference-Applied',
];
