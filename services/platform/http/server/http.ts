// The HTTP edge that every service shares: correlation, trace intake, limits, validation and problem details.
// The invariant: every response, whatever went wrong, carries X-Correlation-Id, and every error is a catalogued
// problem. Without one edge, each handler invents its own errors and a request cannot be followed through the logs.
import { getRequestListener } from '@hono/node-server';
import { SpanStatusCode } from '@opentelemetry/api';
import { OpenAPIHono, type Hook } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { docsAsset, docsPage, docsPolicy } from './docs.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import type { ServerTls } from '../../process/process-settings.ts';
import { Rejected } from '../../transaction/handle.ts';
import { createGuards } from '../limits/guards.ts';
import type { Logger } from '../../process/logger.ts';
import { createMetrics, type Metrics } from '../../telemetry/metrics.ts';
import {
  catalogued,
  isHttpProblem,
  problem,
  problemBody,
  problemMediaType,
  problemPage,
  problemPagePolicy,
  standardProblems,
  type FieldError,
  type HttpProblem,
  type ProblemKinds,
  type ProblemOptions,
  type StandardProblemCode,
} from '../endpoint/problem.ts';
import { routePatternOf, type App, type AppContext, type AppEnv, type Guards } from './request-context.ts';
import { continueTrace } from '../../telemetry/trace-context.ts';
import { attributesAbout, beginSpan, SpanKind, traceIdOf } from '../../telemetry/tracing.ts';
import { isTransient } from '../../database/transient.ts';

export interface AppOptions {
  readonly logger: Logger;
  /** Shown in the OpenAPI document. */
  readonly title: string;
  readonly version?: string;
  readonly description?: string;
  /** Catalogue of `defineProblems(…).kinds`; the standard ones when absent. */
  readonly problems?: ProblemKinds;
  /** Address under which clients reach this service, without a trailing slash; see `problemBody`. */
  readonly publicUrl?: string | undefined;
  /** Bytes; 1 MiB when absent. */
  readonly maximumBodyBytes?: number;
  /** Origins whose pages may call from a browser; none when absent. */
  readonly corsOrigins?: readonly string[];
  readonly metrics?: Metrics;
  /** Those of the default settings when absent; they know no callers, so only endpoints for everyone are reached. */
  readonly guards?: Guards;
}

const correlationHeader = 'x-correlation-id';
const saneToken = /^[A-Za-z0-9._-]{1,128}$/;

/** The given correlation id when it is a sane token, else a new uuid v7: log lines and headers stay well-formed. */
export const correlationIdFrom = (given: string | undefined): string =>
  given !== undefined && saneToken.test(given) ? given : uuidv7();

/** A body with a hundred thousand mistakes gets no answer that is larger than itself. */
const maximumFieldErrors = 100;
const maximumPathLength = 200;

type ValidationTarget = 'json' | 'form' | 'query' | 'param' | 'header' | 'cookie';

const fieldErrors = (target: ValidationTarget, issues: readonly z.core.$ZodIssue[]): FieldError[] => {
  const prefix = target === 'json' || target === 'form' ? [] : [target];
  return issues.flatMap((issue) => {
    const at = (...more: readonly string[]) =>
      [...prefix, ...issue.path.map(String), ...more].join('.').slice(0, maximumPathLength);
    return issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: at(key), message: 'Unknown field' }))
      : [{ path: at(), message: issue.message }];
  });
};

const refuseInvalid: Hook<unknown, AppEnv, string, unknown> = (result) => {
  if (result.success) return;
  const target: ValidationTarget = result.target;
  // An id that cannot exist is an unknown id; a header is not part of the resource's schema.
  if (target === 'param') throw problem('not_found');
  const all = fieldErrors(target, result.error.issues);
  const errors = all.slice(0, maximumFieldErrors);
  if (target === 'header' || target === 'cookie') throw problem('bad_request', { errors });
  throw problem('schema_violation', { detail: `${all.length} field(s) break the schema.`, errors });
};

// What Hono and its validators throw themselves.
const codeOfStatus: ReadonlyMap<number, StandardProblemCode> = new Map<number, StandardProblemCode>([
  [400, 'malformed_json'],
  [401, 'unauthenticated'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [413, 'body_too_large'],
  [415, 'unsupported_media_type'],
]);

const toProblem = (error: unknown, kinds: ProblemKinds): HttpProblem => {
  if (isHttpProblem(error)) return error;
  // A decision said no; it names a problem of this service's catalogue.
  if (error instanceof Rejected) {
    return catalogued(kinds, error.code, { detail: error.message, cause: error });
  }
  // The transaction was rolled back, so the same request may be sent again.
  if (isTransient(error)) return problem('unavailable', { headers: { 'Retry-After': '1' }, cause: error });
  const code = error instanceof HTTPException ? codeOfStatus.get(error.status) : undefined;
  return problem(code ?? 'internal_error', { cause: error });
};

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

const allowedMethods = (app: App, path: string): string[] =>
  methods.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );

/** Probes arrive every second and would bury the rest, in the log as among the traces. */
const isProbe = (path: string): boolean => path.startsWith('/health/') || path === '/metrics';

const edge =
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
    c.set('about', {});
    c.set('logger', logger.child({ correlationId, traceId }));
    c.set('guards', guards);
    c.set('principal', undefined);
    c.set('action', undefined);
    c.set('access', undefined);
    c.set('problem', undefined);
    c.header(correlationHeader, correlationId);
    await next();
    if (c.res.headers.get(correlationHeader) === null) c.header(correlationHeader, correlationId);
    const route = routePatternOf(c);
    const { status } = c.res;
    const ms = performance.now() - startedAt;
    metrics.observeRequest(method, route, status, ms / 1_000);
    if (traced) {
      const { span } = traced;
      // The pattern, not the path: what a client puts into a path is its own affair.
      span.updateName(`${method} ${route}`);
      span.setAttributes({
        'http.request.method': method,
        'http.route': route,
        'http.response.status_code': status,
        'orderflow.correlation_id': correlationId,
        ...attributesAbout(c.get('about')),
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
      ...c.get('about'),
      ...(c.get('principal') === undefined ? {} : { subject: c.get('principal')?.subject }),
    });
  };

const limitBody = (maximumBytes: number): MiddlewareHandler<AppEnv> => {
  const refuse = (): never => {
    throw problem('body_too_large', { detail: `The body exceeds ${maximumBytes} bytes.` });
  };
  const countWhileReading = bodyLimit({ maxSize: maximumBytes, onError: refuse });
  return async (c, next) => {
    const announced = c.req.header('content-length');
    if (announced !== undefined && c.req.header('transfer-encoding') === undefined) {
      // Node never delivers more than the announced length, so the header alone decides.
      if (!(Number(announced) <= maximumBytes)) return refuse();
      return next();
    }
    if (c.req.method === 'GET' || c.req.method === 'HEAD' || c.req.method === 'TRACE') return next();
    return countWhileReading(c, next);
  };
};

/** Headers of every answer. */
const secure = secureHeaders({
  xFrameOptions: 'DENY',
  referrerPolicy: 'no-referrer',
  // Set by whoever terminates TLS, for a host that has it.
  strictTransportSecurity: false,
});

/** What is no page may load nothing at all; pages bring a policy of their own, which is kept. */
const strictPolicy: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  if (c.res.headers.has('Content-Security-Policy')) return;
  c.header('Content-Security-Policy', "default-src 'none'; base-uri 'none'; frame-ancestors 'none'");
};

const exposedHeaders = [
  'ETag',
  'Location',
  'Retry-After',
  'X-Correlation-Id',
  'Idempotent-Replayed',
  'Preference-Applied',
];

/**
 * An application with the shared edge and, when it is complete, `/openapi.json` (OpenAPI 3.1), `/docs`, `/metrics` and
 * `/problems/:code`. Handlers throw `problem(…)`; anything else they throw is answered 500 and logged with its stack.
 */
export const createApp = ({
  logger,
  title,
  version = '1.0.0',
  description,
  problems = standardProblems,
  publicUrl = '',
  maximumBodyBytes = 1024 * 1024,
  corsOrigins = [],
  metrics = createMetrics(),
  guards = createGuards(),
}: AppOptions): App => {
  const app: App = new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid });
  const answer = (c: AppContext, failure: HttpProblem): Response => {
    c.set('problem', failure.code);
    const body = problemBody(failure, {
      base: publicUrl,
      instance: c.req.path,
      correlationId: c.get('correlationId'),
    });
    return c.body(JSON.stringify(body), failure.status, {
      ...failure.headers,
      'Content-Type': problemMediaType,
    });
  };

  app.use(edge(logger, metrics, guards));
  app.use(secure, strictPolicy);
  if (corsOrigins.length > 0) {
    app.use(cors({ origin: [...corsOrigins], exposeHeaders: exposedHeaders, maxAge: 600 }));
  }
  app.use(limitBody(maximumBodyBytes));
  app.onError((error, c) => {
    const failure = toProblem(error, problems);
    if (failure.status === 500) logger.error('request crashed', { ...requestFields(c), error });
    else if (failure.status > 500) logger.warn('request refused', { ...requestFields(c), error });
    return answer(c, failure);
  });
  app.notFound((c) => {
    const allowed = allowedMethods(app, c.req.path);
    if (allowed.length === 0)
      return answer(c, problem('not_found', { detail: 'There is nothing at this address.' }));
    const allow = [...allowed, ...(allowed.includes('GET') ? ['HEAD'] : [])].join(', ');
    return answer(
      c,
      problem('method_not_allowed', { detail: `Allowed: ${allow}.`, headers: { Allow: allow } }),
    );
  });
  describeProcess(app, { title, version, description, problems, publicUrl, metrics });
  return app;
};

interface Description {
  readonly title: string;
  readonly version: string;
  readonly description: string | undefined;
  readonly problems: ProblemKinds;
  readonly publicUrl: string;
  readonly metrics: Metrics;
}

const text = (type: string, schema: z.ZodType = z.string()) => ({ [type]: { schema } });

/** What every process tells about itself, none of it secret. */
function describeProcess(
  app: App,
  { title, version, description, problems, publicUrl, metrics }: Description,
): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  });
  const tags = ['about'];
  app.openapi(
    endpoint('api.document', {
      tags,
      kind: 'probe',
      summary: 'This document',
      responses: {
        200: { description: 'OpenAPI 3.1', content: text('application/json', z.looseObject({})) },
      },
    }),
    (c) => {
      const document = app.getOpenAPI31Document({
        openapi: '3.1.0',
        info: { title, version, ...(description === undefined ? {} : { description }) },
        ...(publicUrl === '' ? {} : { servers: [{ url: publicUrl }] }),
      });
      return c.json({ ...document }, 200);
    },
  );
  app.openapi(
    endpoint('api.docs', {
      tags,
      summary: 'The API to browse',
      responses: { 200: { description: 'A page', content: text('text/html') } },
    }),
    (c) => c.html(docsPage(title), 200, { 'Content-Security-Policy': docsPolicy }),
  );
  app.openapi(
    endpoint('api.docs-asset', {
      tags,
      summary: 'What the page needs',
      request: { params: z.object({ asset: z.string().max(100) }) },
      responses: {
        200: { description: 'A script or a style sheet', content: text('text/javascript') },
      },
    }),
    async (c) => {
      const asset = await docsAsset(c.req.valid('param').asset);
      if (!asset) throw problem('not_found');
      return c.body(asset.content, 200, { 'Content-Type': asset.type, 'Cache-Control': 'max-age=3600' });
    },
  );
  app.openapi(
    endpoint('api.problem', {
      tags,
      summary: 'The page that explains a problem',
      request: { params: z.object({ code: z.string().max(100) }) },
      responses: { 200: { description: 'A page', content: text('text/html') } },
    }),
    (c) => {
      const { code } = c.req.valid('param');
      const kind = Object.hasOwn(problems, code) ? problems[code] : undefined;
      if (kind === undefined) throw problem('not_found');
      return c.html(problemPage(code, kind), 200, { 'Content-Security-Policy': problemPagePolicy });
    },
  );
  app.openapi(
    endpoint('metrics.read', {
      tags,
      kind: 'probe',
      summary: 'Metrics in the text format of Prometheus',
      responses: { 200: { description: 'Metrics', content: text('text/plain') } },
    }),
    async (c) =>
      c.text(await metrics.registry.metrics(), 200, { 'Content-Type': metrics.registry.contentType }),
  );
}

const requestFields = (c: AppContext) => ({
  correlationId: c.get('correlationId'),
  traceId: traceIdOf(c.get('traceparent')),
  method: c.req.method,
  route: routePatternOf(c),
  ...c.get('about'),
});

export interface ServeOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Connections beyond it are answered 503 and closed; 4,096 when absent. */
  readonly maxConnections?: number;
  /** Milliseconds in which the headers of a request have to arrive; 10,000 when absent. */
  readonly headersTimeoutMs?: number;
  /** Milliseconds that a client may take to read a complete answer; 30,000 when absent. */
  readonly sendTimeoutMs?: number;
  readonly logger: Logger;
  /** Plain HTTP when absent. */
  readonly tls?: ServerTls | undefined;
}

export interface RunningServer {
  /** The port that is listened on. */
  readonly port: number;
  /**
   * Stops accepting, lets requests in flight finish, closes idle connections; what still runs at the deadline
   * (milliseconds, 10,000 when absent) is cut. Resolves when the last connection is closed.
   */
  readonly close: (deadlineMs?: number) => Promise<void>;
}

/**
 * Milliseconds, explicit, because the defaults of a library are not a decision; and who answers a request without Host: we
 * do, because Node would answer without a body.
 */
const serverOptionsOf = (headersTimeout: number) => ({
  requireHostHeader: false,
  headersTimeout,
  requestTimeout: Math.max(30_000, headersTimeout),
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: Math.min(5_000, headersTimeout),
});

/**
 * Cuts off who does not take an answer that is complete: Node would keep it in memory for as long as the connection lasts.
 * A stream that is still being written is not looked at; it has limits of its own.
 */
const cutSlowReaders = (responses: ReadonlySet<ServerResponse>, timeoutMs: number): NodeJS.Timeout => {
  const since = new WeakMap<ServerResponse, number>();
  const look = (): void => {
    const now = performance.now();
    for (const response of responses) {
      if (!response.writableEnded) continue;
      const from = since.get(response);
      if (from === undefined) since.set(response, now);
      else if (now - from >= timeoutMs) response.destroy();
    }
  };
  return setInterval(look, Math.min(5_000, timeoutMs)).unref();
};

const createTlsServer = (
  { cert, key, clientCa }: ServerTls,
  options: ReturnType<typeof serverOptionsOf>,
  onRequest: RequestListener,
): Server =>
  createHttpsServer(
    {
      ...options,
      handshakeTimeout: 10_000,
      minVersion: 'TLSv1.2',
      cert,
      key,
      // Whoever has no certificate of these authorities does not get as far as a request.
      ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
    },
    onRequest,
  );

const plainProblem = (code: StandardProblemCode, options: ProblemOptions = {}) => {
  const correlationId = uuidv7();
  const failure = problem(code, options);
  const body = JSON.stringify(problemBody(failure, { base: '', instance: '/', correlationId }));
  return { status: failure.status, body, correlationId, headers: failure.headers };
};

const codeOfParserError: ReadonlyMap<string | undefined, StandardProblemCode> = new Map([
  ['HPE_HEADER_OVERFLOW', 'headers_too_large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'request_timeout'],
] as const);

const answerByHand = (socket: Duplex, code: StandardProblemCode, options?: ProblemOptions): void => {
  const { status, body, correlationId, headers } = plainProblem(code, options);
  const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Type: ${problemMediaType}\r\n` +
      `X-Correlation-Id: ${correlationId}\r\n${own.join('')}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
};

// Bytes that are not HTTP never become a request, so the answer is written by hand.
const refuseMalformedRequest = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  // After a handshake that failed there is no channel to say anything on.
  const withoutChannel =
    error.code?.startsWith('ERR_SSL_') === true || error.code?.startsWith('ERR_TLS_') === true;
  if (error.code === 'ECONNRESET' || withoutChannel || !socket.writable) {
    socket.destroy();
    return;
  }
  answerByHand(socket, codeOfParserError.get(error.code) ?? 'bad_request');
};

/** An expectation other than 100-continue, which Node would refuse without a body. */
const refuseExpectation = (_request: IncomingMessage, response: ServerResponse): void => {
  const { status, body, correlationId } = plainProblem('expectation_failed');
  response.writeHead(status, {
    Connection: 'close',
    'Content-Type': problemMediaType,
    'Content-Length': Buffer.byteLength(body),
    [correlationHeader]: correlationId,
  });
  response.end(body);
};

/** Nobody is left waiting: one connection too many is told so, and gone within a second also when its peer is not listening. */
const refuseConnection = (socket: Socket): void => {
  answerByHand(socket, 'overloaded', {
    detail: 'There are too many connections.',
    headers: { 'Retry-After': '1' },
  });
  socket.setTimeout(1_000, () => socket.destroy());
};

/** Listens; rejects with a readable sentence when the port cannot be had. */
export const serveApp = async (
  app: App,
  {
    host,
    port,
    maxConnections = 4_096,
    headersTimeoutMs = 10_000,
    sendTimeoutMs = 30_000,
    logger,
    tls,
  }: ServeOptions,
): Promise<RunningServer> => {
  const listener = getRequestListener(app.fetch, {
    // Reached when a request cannot even be built (no Host, a broken target) or a handler throws a non-error.
    errorHandler: (error) => {
      const notARequest = error instanceof Error && error.name === 'RequestError';
      if (!notARequest) logger.error('request crashed outside the application', { error });
      const { status, body, correlationId } = plainProblem(notARequest ? 'bad_request' : 'internal_error');
      return new Response(body, {
        status,
        headers: { 'Content-Type': problemMediaType, [correlationHeader]: correlationId },
      });
    },
  });

  const inFlight = new Set<ServerResponse>();
  let closing = false;
  const onRequest: RequestListener = (request, response) => {
    inFlight.add(response);
    if (closing) response.setHeader('Connection', 'close');
    response.once('close', () => {
      inFlight.delete(response);
      if (closing) setImmediate(() => server.closeIdleConnections());
    });
    void listener(request, response);
  };
  const options = serverOptionsOf(headersTimeoutMs);
  const server =
    tls === undefined ? createServer(options, onRequest) : createTlsServer(tls, options, onRequest);
  const slowReaders = cutSlowReaders(inFlight, sendTimeoutMs);
  server.once('close', () => {
    clearInterval(slowReaders);
  });
  server.on('clientError', refuseMalformedRequest);
  server.on('checkExpectation', refuseExpectation);
  let connections = 0;
  server.prependListener('connection', (socket: Socket) => {
    connections += 1;
    socket.once('close', () => {
      connections -= 1;
    });
    if (connections <= maxConnections) return;
    // Before a handshake there is no channel to say anything on.
    if (tls === undefined) refuseConnection(socket);
    else socket.destroy();
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'EADDRINUSE' ? 'is already in use' : `cannot be listened on (${error.message})`;
      reject(new Error(`Port ${port} on ${host} ${reason}.`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const boundPort = typeof address === 'object' && address !== null ? address.port : port;
  logger.info('listening', { host, port: boundPort });

  const close = async (deadlineMs = 10_000): Promise<void> => {
    closing = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const response of inFlight) if (!response.headersSent) response.setHeader('Connection', 'close');
    server.closeIdleConnections();
    const deadline = setTimeout(() => {
      logger.warn('requests cut at the deadline', { requests: inFlight.size, deadlineMs });
      server.closeAllConnections();
    }, deadlineMs);
    await closed;
    clearTimeout(deadline);
  };
  return { port: boundPort, close };
};
