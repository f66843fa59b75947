// Serves an application over HTTP or HTTPS and closes the server gracefully. The number of connections is limited, and so is the
// time that a connection or an unread response stays in memory.
import { getRequestListener } from '@hono/node-server';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { ServerTls } from '../../process/settings/process-settings.ts';
import type { Logger } from '../../process/logger.ts';
import { problemMediaType } from '../endpoint/problem-document.ts';
import type { App } from './request-context.ts';
import {
  serializeProblem,
  hostHeaderError,
  refuseConnection,
  refuseMalformedRequest,
  refuseRequest,
} from './refusals.ts';
import { correlationHeader } from './edge.ts';

export interface ServeOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Maximum number of connections; 4,096 when absent. Further connections are closed; over plain HTTP they get a 503 first. */
  readonly maxConnections?: number;
  /** Milliseconds within which the headers of a request must arrive; 10,000 when absent. */
  readonly headersTimeoutMs?: number;
  /** The time limit of the application for a request, in milliseconds; 15,000 when absent. */
  readonly requestTimeoutMs?: number;
  /** Milliseconds that a client may take to read a complete response; 30,000 when absent. */
  readonly sendTimeoutMs?: number;
  readonly logger: Logger;
  /** See `createApp`. Used in the refusals outside the application. */
  readonly publicUrl?: string | undefined;
  /** Plain HTTP when absent. */
  readonly tls?: ServerTls | undefined;
}

export interface RunningServer {
  readonly port: number;
  /**
   * Stops accepting, closes idle connections and waits for requests in flight. After `deadlineMs` (10,000 when absent), cuts the
   * requests in flight. Resolves when the last connection is closed.
   */
  readonly close: (deadlineMs?: number) => Promise<void>;
}

/** Times in milliseconds. Node's check of the Host header is off, because its refusal has no body; see `hostHeaderError`. */
const serverOptionsOf = (headersTimeout: number, requestTimeout: number) => ({
  requireHostHeader: false,
  headersTimeout,
  // The application has its own limit. It must expire first, because only its response has the correlation id of the request.
  requestTimeout: Math.max(15_000, headersTimeout, requestTimeout) + 15_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: Math.min(5_000, headersTimeout),
});

/**
 * Disconnects a client that does not read its response to the end: Node keeps the rest in memory as long as the connection is open.
 * Responses that are still being written, such as event streams, are not affected; they limit their buffers themselves.
 */
const cutSlowReaders = (responses: ReadonlySet<ServerResponse>, timeoutMs: number): NodeJS.Timeout => {
  const since = new WeakMap<ServerResponse, number>();
  const check = (): void => {
    const now = performance.now();
    for (const response of responses) {
      if (!response.writableEnded) continue;
      const from = since.get(response);
      if (from === undefined) since.set(response, now);
      else if (now - from >= timeoutMs) response.destroy();
    }
  };
  return setInterval(check, Math.min(5_000, timeoutMs)).unref();
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
      // The TLS handshake fails for a client without a certificate of these authorities.
      ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
    },
    onRequest,
  );

/** Rejects with a readable sentence when the port cannot be opened. */
export const serveApp = async (
  app: App,
  {
    host,
    port,
    maxConnections = 4_096,
    headersTimeoutMs = 10_000,
    requestTimeoutMs = 15_000,
    sendTimeoutMs = 30_000,
    logger,
    publicUrl = '',
    tls,
  }: ServeOptions,
): Promise<RunningServer> => {
  const listener = getRequestListener(app.fetch, {
    // Used in the URL of an HTTP/1.0 request without a Host header.
    hostname: 'localhost',
    // Called when the request target is malformed, or when a handler throws something that is not an Error.
    errorHandler: (error) => {
      const isMalformed = error instanceof Error && error.name === 'RequestError';
      if (!isMalformed) logger.error('request crashed outside the application', { error });
      const { status, body, correlationId } = serializeProblem(
        publicUrl,
        isMalformed ? 'bad_request' : 'internal_error',
      );
      return new Response(body, {
        status,
        headers: { 'Content-Type': problemMediaType, [correlationHeader]: correlationId },
      });
    },
  });

  const inFlight = new Set<ServerResponse>();
  let closing = false;
  const onRequest: RequestListener = (request, response) => {
    // The connection was refused, with a response that says that nothing was done.
    if (request.socket.writableEnded) return;
    const hostError = hostHeaderError(request);
    if (hostError !== undefined) {
      refuseRequest(publicUrl, response, 'bad_request', { detail: hostError });
      return;
    }
    inFlight.add(response);
    if (closing) response.setHeader('Connection', 'close');
    response.once('close', () => {
      inFlight.delete(response);
      if (closing) setImmediate(() => server.closeIdleConnections());
    });
    void listener(request, response);
  };
  const options = serverOptionsOf(headersTimeoutMs, requestTimeoutMs);
  const server =
    tls === undefined ? createServer(options, onRequest) : createTlsServer(tls, options, onRequest);
  const slowReaders = cutSlowReaders(inFlight, sendTimeoutMs);
  server.once('close', () => {
    clearInterval(slowReaders);
  });
  server.on('clientError', (error, socket) => {
    refuseMalformedRequest(publicUrl, error, socket);
  });
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    refuseRequest(publicUrl, response, 'expectation_failed');
  });
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // Node also emits this event for `Expect: 100-continue, other`.
    if (request.headers.expect?.trim().toLowerCase() !== '100-continue') {
      refuseRequest(publicUrl, response, 'expectation_failed');
      return;
    }
    if (hostHeaderError(request) === undefined) response.writeContinue();
    onRequest(request, response);
  });
  let connections = 0;
  server.prependListener('connection', (socket: Socket) => {
    connections += 1;
    socket.once('close', () => {
      connections -= 1;
    });
    if (connections <= maxConnections) return;
    // Before the TLS handshake nothing can be sent.
    if (tls === undefined) refuseConnection(publicUrl, socket);
    else socket.destroy();
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'EADDRINUSE'
          ? 'is already in use; set PORT to a free port'
          : `cannot be opened (${error.message})`;
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
    const deadline = setTimeout(() => {
      logger.warn('requests cut at the deadline', { requests: inFlight.size, deadlineMs });
      server.closeAllConnections();
    }, deadlineMs);
    await closed;
    clearTimeout(deadline);
  };
  return { port: boundPort, close };
};
