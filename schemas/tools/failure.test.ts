// The text for a failed command: a sentence for an error of the environment, a stack trace only for a defect.
import { describe, expect, it } from 'vitest';
import { explain, failure } from './failure.ts';

const errorWithCode = (code: string, more: object = {}): Error =>
  Object.assign(new Error('from below'), { code, ...more });

describe('a failed command', () => {
  it('prints its message and the path of its log file', () => {
    expect(explain(failure('the port is taken'))).toBe('the port is taken');
    expect(explain(failure('it died', '/log'))).toBe('it died\n  details: /log');
  });

  it.each([
    [
      'a fetch from a part that is not running',
      new TypeError('fetch failed', {
        cause: errorWithCode('ECONNREFUSED', { address: '127.0.0.1', port: 3001 }),
      }),
      /nothing answers at 127\.0\.0\.1:3001/,
    ],
    [
      'a query while PostgreSQL is not running',
      new Error('Failed query', { cause: errorWithCode('CONNECT_TIMEOUT') }),
      /nothing answers/,
    ],
    [
      'a connection that both addresses of localhost refuse',
      new AggregateError([errorWithCode('ECONNREFUSED', { address: '::1', port: 1 })]),
      /nothing answers at ::1:1/,
    ],
    [
      'a failed connection to Kafka',
      Object.assign(new Error('x'), { name: 'KafkaJSNumberOfRetriesExceeded' }),
      /nothing answers/,
    ],
    [
      'an unknown host name',
      errorWithCode('ENOTFOUND', { hostname: 'db.example' }),
      /db\.example cannot be resolved/,
    ],
    ['a request that timed out', new DOMException('late', 'TimeoutError'), /did not answer in time/],
    ['a wrong password', errorWithCode('28P01'), /rejects the credentials/],
    ['a server that is starting', errorWithCode('57P03'), /starting or shutting down/],
    ['too many connections', errorWithCode('53300'), /no connection left/],
    ['a read-only server after a failover', errorWithCode('25006'), /read-only/],
    ['a missing privilege', errorWithCode('42501'), /npm start grants/],
    ['a broken socket', errorWithCode('UND_ERR_SOCKET'), /nothing answers/],
    ['a host that cannot be reached', errorWithCode('EHOSTUNREACH'), /nothing answers/],
    ['an untrusted certificate', errorWithCode('SELF_SIGNED_CERT_IN_CHAIN'), /TLS certificate/],
    ['a full disk', errorWithCode('ENOSPC'), /disk is full/],
    ['a file that is missing', errorWithCode('ENOENT', { path: '/there' }), /\/there does not exist/],
    ['a port in use', errorWithCode('EADDRINUSE', { port: 3000 }), /port 3000 is in use/],
  ])('prints one sentence without a stack trace for %s', (_, error, sentence) => {
    const text = explain(error);
    expect(text).toMatch(sentence);
    expect(text).not.toMatch(/\n|at file:/);
  });

  it('prints the stack trace of a defect, and a thrown text as it is', () => {
    expect(explain(new TypeError('a defect'))).toMatch(/TypeError: a defect\n +at /);
    expect(explain('a text')).toBe('a text');
  });
});
