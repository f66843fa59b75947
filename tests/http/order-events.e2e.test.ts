// The event stream of an order: complete, in the right sequence, visible only to people with access to the order, and closed when the
// reader disconnects.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  followToEnd,
  openEvents,
  receivedHistory,
  statuses,
  historyOf,
  untilStatus,
  type EventStream,
} from '../support/event-source.ts';
import { killInstancesAfterEach, startInstance } from '../support/instances.ts';
import {
  act,
  call,
  eventually,
  orderOne,
  orderWith,
  placeRaw,
  query,
  stack,
  tokenOf,
  useProduct,
} from '../support/shop.ts';

const testProduct = useProduct(1_000);

const openedStreams: EventStream[] = [];
const events = async (...args: Parameters<typeof openEvents>): Promise<EventStream> => {
  const stream = await openEvents(...args);
  openedStreams.push(stream);
  return stream;
};
killInstancesAfterEach();
afterEach(async () => {
  for (const stream of openedStreams) stream.close();
  openedStreams.length = 0;
  await eventually(
    'no stream is open',
    async () => (await openCounts()) === '0 streams, 0 waits, 0 watching',
  );
});

/** The numbers of open streams and waiting requests, as the service reports them. */
const openCounts = async (url = stack.urls.order): Promise<string> => {
  const { checks } = Object(await (await fetch(`${url}/health/ready`)).json());
  return String(Object(checks).streams.detail).replaceAll(/ of \d+/g, '');
};

const placeOne = async (mode: 'AUTO' | 'MANUAL' = 'AUTO'): Promise<string> =>
  (await orderOne(testProduct.id, { mode })).id;

describe('the events of an order', () => {
  it('are sent when they happen, and end with the final status of the order', async () => {
    const id = await placeOne();
    const stream = await events(id);
    expect(stream.status).toBe(200);
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    await untilStatus(stream, 'PAID');
    await act(id, 'confirm', 'seller');
    await act(id, 'confirm', 'seller');
    await act(id, 'fulfill', 'seller');
    expect(await stream.end).toBe('ended');

    expect(statuses(stream).at(-1)).toBe('FULFILLED');
    const all = await historyOf(id);
    expect(receivedHistory(stream)).toEqual(all.slice(0, stream.events.length));
    expect(stream.events[0]?.data).toEqual({
      type: 'place_order',
      outcome: 'accepted',
      status: 'PENDING',
      version: 1,
      occurredAt: expect.any(String),
    });
    // An ignored input does not increment the version, but is also in the stream.
    expect(stream.events.map(({ data }) => data['outcome'])).toContain('ignored: already_confirmed');
  });

  it('continue after Last-Event-ID, and the response is 204 after the last event', async () => {
    const id = await placeOne('MANUAL');
    await orderWith(id, 'CONFIRMED');
    const [first, second] = await historyOf(id);
    const stream = await events(id, { lastEventId: Number(first?.['id']) });
    await eventually('the second entry is received', async () => stream.events.length > 0);
    expect(receivedHistory(stream)).toEqual([second]);
    await act(id, 'cancel', 'user');
    expect(await stream.end).toBe('ended');
    expect(stream.events.find(({ type }) => type === 'cancel')).toMatchObject({
      data: { status: 'CANCELLED' },
    });

    // After a reconnect the client receives the later events of inventory and payment, until there are no more events.
    await eventually('all entries are received', async () => {
      const laterEvents = await followToEnd(id, AbortSignal.timeout(20_000));
      const resumed = await events(id, { lastEventId: laterEvents.at(-1)?.id });
      resumed.close();
      return resumed.status === 204;
    });
  });

  it('are visible to people with access to the order, and contain no actor', async () => {
    const id = await placeOne('MANUAL');
    await orderWith(id, 'CONFIRMED');
    for (const as of ['user', 'seller', 'admin'] as const) {
      const stream = await events(id, { as });
      await untilStatus(stream, 'CONFIRMED');
      expect(JSON.stringify(stream.events)).not.toMatch(/user-|correlation|actor|inputId/);
    }
    for (const as of ['user2', 'seller2'] as const) {
      expect((await events(id, { as })).status, as).toBe(404);
    }
    expect((await events('00000000-0000-7000-8000-000000000000')).status).toBe(404);
    expect((await call('order', `/api/v1/orders/${id}/events`)).status).toBe(401);
  });

  it('are found by an order id in capital letters', async () => {
    const id = await placeOne('MANUAL');
    const stream = await events(id.toUpperCase());
    await untilStatus(stream, 'CONFIRMED');
  });

  it.each(['x', '-1', '1.5', '1e3', '9'.repeat(40)])(
    'are refused for the Last-Event-ID %s',
    async (lastEventId) => {
      const id = await placeOne('MANUAL');
      const path = `/api/v1/orders/${id}/events`;
      const answer = await call('order', path, { as: 'user', headers: { 'last-event-id': lastEventId } });
      expect(answer).toMatchObject({ status: 400, body: { code: 'bad_request' } });
    },
  );

  it('are refused for a Last-Event-ID that does not exist', async () => {
    const id = await placeOne('MANUAL');
    const headers = { 'last-event-id': '999999999999999' };
    const answer = await call('order', `/api/v1/orders/${id}/events`, { as: 'user', headers });
    expect(answer).toMatchObject({ status: 400, body: { code: 'bad_request' } });
  });

  it('include comments as heartbeats while nothing happens', async () => {
    const stream = await events(await placeOne('MANUAL'));
    await eventually('a heartbeat is received', async () => stream.comments.includes(': quiet'));
  });
});

describe('a stream', () => {
  it('is closed when its reader disconnects, whether the reader was reading or not', async () => {
    const id = await placeOne('MANUAL');
    await orderWith(id, 'CONFIRMED');
    for (let index = 0; index < 5; index += 1) await events(id);
    await eventually(
      'all streams are open',
      async () => (await openCounts()) === '5 streams, 0 waits, 5 watching',
    );
    for (const stream of openedStreams) stream.close();
    await eventually(
      'all streams are closed',
      async () => (await openCounts()) === '0 streams, 0 waits, 0 watching',
    );

    // This connection is reset before the client has read the response.
    const { hostname, port } = new URL(stack.urls.order);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(
      `GET /api/v1/orders/${id}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await tokenOf('user')}\r\n\r\n`,
    );
    socket.resetAndDestroy();
    expect((await events(id, { method: 'HEAD' })).status).toBe(200);
    await eventually(
      'all streams are closed',
      async () => (await openCounts()) === '0 streams, 0 waits, 0 watching',
    );
  });

  it('is refused to a caller who already has 20 streams, but not to other callers', async () => {
    const id = await placeOne('MANUAL');
    await Promise.all(Array.from({ length: 20 }, () => events(id)));
    const answer = await call('order', `/api/v1/orders/${id}/events`, { as: 'user' });
    expect(answer).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
    expect(answer.headers.get('retry-after')).toBe('5');
    expect((await events(id, { as: 'admin' })).status).toBe(200);
  });
});

describe('an instance with a limit of two streams', () => {
  it(
    'refuses the third stream, and ends all streams and waiting requests at once when it stops',
    { timeout: 120_000 },
    async () => {
      const { url, child } = await startInstance('order', { ORDER_STREAM_LIMIT: '2' });
      const id = await placeOne('MANUAL');
      await orderWith(id, 'CONFIRMED');
      const streams = [await events(id, { url }), await events(id, { url, as: 'admin' })];
      const third = await fetch(`${url}/api/v1/orders/${id}/events`, {
        headers: { authorization: `Bearer ${await tokenOf('admin')}` },
      });
      expect([third.status, third.headers.get('retry-after')]).toEqual([503, '5']);

      // The charge is slow, so the order has no final status when the instance is stopped.
      const body = {
        items: [{ productId: testProduct.id, quantity: 1 }],
        payment: { mode: 'AUTO', method: 'card', token: 'tok_slow' },
      };
      const waiting = fetch(`${url}/api/v1/orders`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await tokenOf('user')}`,
          'content-type': 'application/json',
          prefer: 'wait=10',
        },
        body: JSON.stringify(body),
      });
      await eventually(
        'streams and wait are open',
        async () => (await openCounts(url)) === '2 streams, 1 waits, 3 watching',
      );
      const stoppedAt = performance.now();
      child.kill('SIGTERM');
      const answer = await waiting;
      expect(answer.status).toBe(201);
      expect(await Promise.all(streams.map(({ end }) => end))).toEqual(['ended', 'ended']);
      expect(performance.now() - stoppedAt).toBeLessThan(2_000);
      const [code]: unknown[] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
      expect(code).toBe(0);
      await orderWith(String(Object(await answer.json()).id), 'PAID');
    },
  );
});

describe('Prefer: wait', () => {
  const wait = (seconds: string, more: Partial<Parameters<typeof placeRaw>[0]> = {}) =>
    placeRaw({
      items: [{ productId: testProduct.id, quantity: 1 }],
      ...more,
      headers: { prefer: `respond-async; x=1, wait=${seconds}`, ...more.headers },
    });

  it.each([
    ['PAID', {}],
    ['CONFIRMED', { mode: 'MANUAL' }],
    ['CANCELLED', { token: 'tok_declined' }],
  ] as const)('responds with the order once its status is %s', async (status, more) => {
    const answer = await wait('10', more);
    expect(answer).toMatchObject({ status: 201, body: { status } });
    expect(answer.headers.get('preference-applied')).toBe('wait=10');
    expect(answer.headers.get('etag')).toMatch(new RegExp(`^"v${Object(answer.body).version}-`));
    const { body } = await call('order', answer.headers.get('location') ?? '', { as: 'user' });
    expect(Object(body).status).toBe(status);
  });

  it('responds with the current order at the end of the waiting time', async () => {
    const startedAt = performance.now();
    const answer = await wait('1', { token: 'tok_slow' });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1_000);
    expect(answer.status).toBe(201);
    expect(['PENDING', 'CONFIRMED']).toContain(Object(answer.body).status);
    expect(answer.headers.get('preference-applied')).toBe('wait=1');
    await orderWith(String(Object(answer.body).id), 'PAID');
  });

  it('is limited to ten seconds', async () => {
    expect((await wait('3600')).headers.get('preference-applied')).toBe('wait=10');
  });

  it.each(['soon', '-1', '"5', ''])('is ignored if it is wait=%s', async (seconds) => {
    const answer = await wait(seconds, { mode: 'MANUAL' });
    expect(answer).toMatchObject({ status: 201, body: { status: 'PENDING' } });
    expect(answer.headers.get('preference-applied')).toBeNull();
  });

  it('does not delay a replayed response', async () => {
    const headers = { 'idempotency-key': crypto.randomUUID(), prefer: 'wait=10' };
    const first = await wait('10', { headers });
    const replay = await wait('10', { headers });
    expect(Object(first.body).status).toBe('PAID');
    expect(replay.body).toMatchObject({ id: Object(first.body).id, status: 'PENDING' });
    expect(replay.headers.get('idempotent-replayed')).toBe('true');
    expect(replay.headers.get('preference-applied')).toBeNull();
  });

  it('ends the waiting when the client disconnects; the order is placed nevertheless', async () => {
    const key = crypto.randomUUID();
    const abortController = new AbortController();
    const request = fetch(`${stack.urls.order}/api/v1/orders`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await tokenOf('user')}`,
        'content-type': 'application/json',
        'idempotency-key': key,
        prefer: 'wait=10',
      },
      body: JSON.stringify({
        items: [{ productId: testProduct.id, quantity: 1 }],
        payment: { mode: 'AUTO', method: 'card', token: 'tok_slow' },
      }),
      signal: abortController.signal,
    });
    await eventually(
      'the request waits',
      async () => (await openCounts()) === '0 streams, 1 waits, 1 watching',
    );
    abortController.abort();
    await expect(request).rejects.toThrow();
    await eventually(
      'no request waits',
      async () => (await openCounts()) === '0 streams, 0 waits, 0 watching',
    );
    const [entry] = await query(
      'order',
      (sql) => sql`select body ->> 'id' as id from idempotency_keys where key = ${key}`,
    );
    await orderWith(String(entry?.['id']), 'PAID');
  });
});
