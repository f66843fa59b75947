// Requests that must be refused before routing: malformed request lines, headers and framing.
import { type BadRequest, badRequest, request } from './bad-request.ts';

export const badFraming = (): BadRequest[] => {
  const refused = (
    label: string,
    line: string,
    headers: readonly string[] = [],
    [status, code] = badRequest,
  ) => request(label, 'order', line, [status, code], { headers, beforeRouting: true });
  return [
    refused('a method in lower case', 'post /api/v1/orders'),
    refused('an unknown method', 'STEAL /api/v1/orders'),
    refused('a target that is not a URL', 'GET http://[bad'),
    refused('a target with a non-ASCII character', 'GET /api/v1/orders\xff'),
    refused('a negative length', 'POST /api/v1/orders', ['Content-Length: -1']),
    refused('a length that is not a number', 'POST /api/v1/orders', ['Content-Length: ten']),
    refused('two lengths', 'POST /api/v1/orders', ['Content-Length: 1', 'Content-Length: 2']),
    refused('both a length and chunked encoding', 'POST /api/v1/orders', [
      'Content-Length: 1',
      'Transfer-Encoding: chunked',
    ]),
    refused('a space in the name of a header', 'GET /api/v1/orders', ['X Bad: 1']),
    refused('NUL in a header', 'GET /api/v1/orders', ['X-Bad: a\0b']),
    refused('a lone carriage return in a header', 'GET /api/v1/orders', ['X-Bad: a\rX: b']),
    refused(
      '20,000 characters in a header',
      'GET /api/v1/orders',
      [`Idempotency-Key: ${'k'.repeat(20_000)}`],
      [431, 'headers_too_large'],
    ),
    refused(
      '20,000 characters of path',
      `GET /api/v1/orders/${'x'.repeat(20_000)}`,
      [],
      [431, 'headers_too_large'],
    ),
    // A second Host header: each request already has one.
    refused('a second Host', 'GET /api/v1/orders', ['Host: evil.example']),
    refused(
      'an unknown Expect header',
      'POST /api/v1/orders',
      ['Expect: miracles'],
      [417, 'expectation_failed'],
    ),
  ];
};
