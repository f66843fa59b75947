// Clients that occupy connections: they send byte by byte, do not read their responses, or stay idle. On an instance with small
// limits, other clients must still be served, and each abusive client must get the documented response or be disconnected.
import { get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killInstances, startInstance } from '../support/instances.ts';
import { eventually, newProduct, orderOne, tokenOf } from '../support/shop.ts';

let url: string;
let port: number;
beforeAll(async () => {
  await Promise.all([tokenOf('user'), tokenOf('user2')]);
  ({ url } = await startInstance('order', {
    HTTP_HEADERS_TIMEOUT_MS: '1500',
    HTTP_REQUEST_TIMEOUT_MS: '2500',
    HTTP_SEND_TIMEOUT_MS: '1000',
    HTTP_MAX_CONNECTIONS: '100',
    HTTP_MAX_IN_FLIGHT_PER_SUBJECT: '20',
    ORDER_WAIT_SECONDS: '1',
    ORDER_STREAM_LIMIT: '20',
  }));
  port = Number(new URL(url).port);
});
afterAll(killInstances);

interface SlowClient {
  readonly socket: Socket;
  /** Resolves to all received text when the connection is closed. */
  readonly answer: Promise<string>;
}

/** Opens a connection that sends `start`, and then `chunk` repeatedly until the connection is closed. */
const sendSlowly = (start: string, chunk: string, { reads = true } = {}): SlowClient => {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  socket.on('error', () => undefined);
  if (reads) socket.setEncoding('utf8').on('data', (received: string) => (text += received));
  socket.write(start);
  const timer = setInterval(() => socket.write(chunk), 100);
  return {
    socket,
    answer: closed.then(() => {
      clearInterval(timer);
      return text;
    }),
  };
};

const repeat = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

const countOf = (answers: readonly string[], start: string): number =>
  answers.filter((answer) => answer.startsWith(start)).length;

/** Sends a request of another user, which must succeed. */
const expectOthersServed = async (): Promise<void> => {
  const response = await fetch(`${url}/api/v1/orders`, {
    headers: { authorization: `Bearer ${await tokenOf('user2')}`, connection: 'close' },
    signal: AbortSignal.timeout(10_000),
  });
  expect(response.status).toBe(200);
  await response.text();
};

describe('slow clients', () => {
  it('that send headers byte by byte get 408', { timeout: 30_000 }, async () => {
    const slow = repeat(40, () => sendSlowly('GET /api/v1/orders HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'a'));
    await expectOthersServed();
    const answers = await Promise.all(slow.map(({ answer }) => answer));
    expect(countOf(answers, 'HTTP/1.1 408 ')).toBe(slow.length);
    for (const answer of answers) expect(answer).toContain('"code":"request_timeout"');
  });

  it(
    'that send bodies byte by byte get 408, or 429 beyond the limit per user',
    { timeout: 30_000 },
    async () => {
      const head =
        `POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await tokenOf('user')}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 10000\r\n\r\n{';
      const slow = repeat(50, () => sendSlowly(head, ' '));
      await expectOthersServed();
      const answers = await Promise.all(slow.map(({ answer }) => answer));
      expect(countOf(answers, 'HTTP/1.1 408 ')).toBe(20);
      expect(countOf(answers, 'HTTP/1.1 429 ')).toBe(30);
      await expectOthersServed();
    },
  );

  it('that do not read their responses are disconnected', { timeout: 30_000 }, async () => {
    const requests = 'GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(12);
    const slow = repeat(3, () => sendSlowly(requests, '\r\n', { reads: false }));
    await expectOthersServed();
    await Promise.all(slow.map(({ answer }) => answer));
    await expectOthersServed();
  });
});

describe('connections that stay open', () => {
  const stream = async (id: string): Promise<IncomingMessage> => {
    const headers = { authorization: `Bearer ${await tokenOf('user')}` };
    return new Promise((resolve, reject) => {
      get(`${url}/api/v1/orders/${id}/events`, { headers, agent: false }, resolve).once('error', reject);
    });
  };

  it('that are event streams are accepted up to the limit and refused above it; closed streams no longer count', async () => {
    const testProduct = await newProduct(100);
    const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    const answers = await Promise.all(repeat(30, () => stream(id)));
    try {
      const refused = answers.filter(({ statusCode }) => statusCode !== 200);
      expect(answers.length - refused.length).toBe(20);
      for (const { statusCode, headers } of refused) {
        expect(statusCode).toBe(503);
        expect(headers['retry-after']).toBe('5');
      }
      await expectOthersServed();
    } finally {
      for (const answer of answers) answer.destroy();
    }
    await eventually('no stream is open any more', async () => {
      const text = await (await fetch(`${url}/health/ready`)).text();
      return text.includes('0 of 20 streams');
    });
    const accepted = await stream(id);
    expect(accepted.statusCode).toBe(200);
    accepted.destroy();
  });

  it('above the connection limit get 503 and are closed', { timeout: 30_000 }, async () => {
    const idle = repeat(140, () => sendSlowly('', ''));
    const answers = await Promise.all(idle.map(({ answer }) => answer));
    const refused = answers.filter((answer) => answer.startsWith('HTTP/1.1 503 '));
    expect(refused.length).toBeGreaterThanOrEqual(40);
    for (const answer of refused) {
      expect(answer).toContain('"code":"overloaded"');
      expect(answer).toContain('Retry-After: 1\r\n');
    }
    // A client sees the close of its connection slightly earlier than the server stops counting the connection.
    await eventually('closed connections no longer count', async () => {
      const response = await fetch(`${url}/health/live`, { headers: { connection: 'close' } });
      await response.text();
      return response.status === 200;
    });
    await expectOthersServed();
  });
});
