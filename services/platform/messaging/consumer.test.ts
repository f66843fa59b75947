// What the consumer owes its group while a record is in hand. The stream is a port, so a test stands in for Kafka.
import { Writable } from 'node:stream';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startConsumer } from './consumer.ts';
import type { Dispatched } from './dispatch.ts';
import type { EventStream, StreamRecord, SubscribeOptions } from './event-stream.ts';
import { createLogger } from '../process/logger.ts';

const nowhere = new Writable({ write: (_line, _encoding, done) => done() });
const logger = createLogger({ service: 'test', level: 'error', stream: nowhere });
const record: StreamRecord = {
  topic: 'order-events',
  partition: 0,
  offset: 1n,
  key: 'order-1',
  value: Buffer.alloc(0),
  headers: {},
  timestamp: new Date(),
};

/** A consumer whose handler waits for `handled`, and what Kafka would call for each record. */
const consuming = (handled: Promise<Dispatched>): SubscribeOptions['onRecord'] => {
  const given: SubscribeOptions[] = [];
  const stream: EventStream = {
    subscribe: (options) => {
      given.push(options);
      return { isRunning: () => true, stop: () => Promise.resolve() };
    },
    lag: () => Promise.resolve(new Map()),
    ends: () => Promise.resolve([]),
    committed: () => Promise.resolve(new Map()),
  };
  // Connects on first use, which never comes.
  const db = drizzle(postgres('postgres://nobody@127.0.0.1:1/none'));
  startConsumer({ stream, dispatch: () => handled, db, groupId: 'g', topics: ['order-events'], logger });
  const [options] = given;
  if (!options) throw new Error('nothing was subscribed');
  return options.onRecord;
};

const passedOver: Dispatched = { outcome: undefined };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('while a record is handled', () => {
  it('the group hears of its member, longer than the shortest session lasts, and no more afterwards', async () => {
    const { promise, resolve } = Promise.withResolvers<Dispatched>();
    const heartbeat = vi.fn(() => Promise.resolve());
    const handling = consuming(promise)(record, { heartbeat, signal: new AbortController().signal });
    await vi.advanceTimersByTimeAsync(12_000);
    expect(heartbeat).toHaveBeenCalledTimes(12);
    resolve(passedOver);
    await handling;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a partition that is lost meanwhile does not end the work half-way', async () => {
    const { promise, resolve } = Promise.withResolvers<Dispatched>();
    const heartbeat = (): Promise<void> => Promise.reject(new Error('the group is rebalancing'));
    const handling = consuming(promise)(record, { heartbeat, signal: new AbortController().signal });
    await vi.advanceTimersByTimeAsync(5_000);
    resolve(passedOver);
    await expect(handling).resolves.toBeUndefined();
  });

  it('a handler that hangs is not spoken for without end', async () => {
    const heartbeat = vi.fn(() => Promise.resolve());
    const never = new Promise<Dispatched>(() => {});
    void consuming(never)(record, { heartbeat, signal: new AbortController().signal });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(heartbeat.mock.calls.length).toBeLessThanOrEqual(60);
  });
});
