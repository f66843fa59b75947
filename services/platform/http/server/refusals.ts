// Refusals before a request reaches the application: by Node's parser, for a wrong Host or Expect header, or by the connection
// limit. The invariant: these responses too are problems with a correlation id.
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { problem, type ProblemOptions, type StandardProblemCode } from '../endpoint/problem.ts';
import { problemBody, problemMediaType } from '../endpoint/problem-document.ts';
import { correlationHeader } from './edge.ts';

/** A problem that belongs to no request, with a new correlation id. */
export const serializeProblem = (
  publicUrl: string,
  code: StandardProblemCode,
  options: ProblemOptions = {},
) => {
  const correlationId = uuidv7();
  const refusal = problem(code, options);
  const body = JSON.stringify(problemBody(refusal, { base: publicUrl, instance: '/', correlationId }));
  return { status: refusal.status, body, correlationId, headers: refusal.headers };
};

const codeOfParserError: ReadonlyMap<string | undefined, StandardProblemCode> = new Map([
  ['HPE_HEADER_OVERFLOW', 'headers_too_large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'request_timeout'],
] as const);

/** Writes the response directly to the socket, because the bytes could not be parsed as a request. */
const writeProblem = (
  publicUrl: string,
  socket: Duplex,
  code: StandardProblemCode,
  options?: ProblemOptions,
): void => {
  const { status, body, correlationId, headers } = serializeProblem(publicUrl, code, options);
  const headerLines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Type: ${problemMediaType}\r\n` +
      `X-Correlation-Id: ${correlationId}\r\n${headerLines.join('')}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
};

export const refuseMalformedRequest = (
  publicUrl: string,
  error: NodeJS.ErrnoException,
  socket: Duplex,
): void => {
  // After a failed handshake nothing can be sent.
  const handshakeFailed =
    error.code?.startsWith('ERR_SSL_') === true || error.code?.startsWith('ERR_TLS_') === true;
  if (error.code === 'ECONNRESET' || handshakeFailed || !socket.writable) {
    socket.destroy();
    return;
  }
  writeProblem(publicUrl, socket, codeOfParserError.get(error.code) ?? 'bad_request');
};

const authority = /^(?:\[[0-9a-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d{1,5})?$/i;

/**
 * The error of an invalid Host header; undefined for a valid one. A proxy and this server could interpret an invalid Host
 * differently.
 */
export const hostHeaderError = ({ headersDistinct, httpVersion }: IncomingMessage): string | undefined => {
  const [host, ...more] = headersDistinct['host'] ?? [];
  // HTTP/1.0 does not require a Host.
  if (host === undefined) return httpVersion === '1.0' ? undefined : 'The header Host is missing.';
  if (more.length > 0) return 'There is more than one header Host.';
  return authority.test(host)
    ? undefined
    : 'The header Host is not a name or an address, with or without a port.';
};

/** Answers a request without passing it to the application, and ends its connection. */
export const refuseRequest = (
  publicUrl: string,
  response: ServerResponse,
  code: StandardProblemCode,
  options: ProblemOptions = {},
): void => {
  const { status, body, correlationId } = serializeProblem(publicUrl, code, options);
  response.writeHead(status, {
    Connection: 'close',
    'Content-Type': problemMediaType,
    'Content-Length': Buffer.byteLength(body),
    [correlationHeader]: correlationId,
  });
  response.end(body);
};

/** Answers a connection beyond the limit with 503 and closes it after a second, whatever the client sends or reads. */
export const refuseConnection = (publicUrl: string, socket: Socket): void => {
  writeProblem(publicUrl, socket, 'overloaded', {
    detail: 'There are too many connections.',
    headers: { 'Retry-After': '1' },
  });
  const deadline = setTimeout(() => socket.destroy(), 1_000);
  socket.once('close', () => clearTimeout(deadline));
};
