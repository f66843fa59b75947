// The heartbeats of the consumer while a record is handled. The test implements the event stream in place of Kafka.
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startConsumer } from './consumer.ts';
import type { Dispatched } from './dispatch.ts';
import type { EventStream, StreamRecord, SubscribeOptions } from './event-stream.ts';
import { silentLogger } from '../process/silent-logger.ts';

const logger = silentLogger('test');
const record: StreamRecord = {
  topic: 'order-events',
  partition: 0,
  offset: 1n,
  key: 'order-1',
  value: Buffer.alloc(0),
  headers: {},
  timestamp: new Date(),
};

/** Starts a consumer whose handler waits for `handled`. Returns the function that Kafka would call for each record. */
const consuming = (handled: Promise<Dispatched>): SubscribeOptions['onRecord'] => {
  const given: SubscribeOptions[] = [];
  const stream: EventStream = {
    subscribe: (options) => {
      given.push(options);
      return { problem: () => undefined, stop: () => Promise.resolve() };
    },
    lag: () => Promise.resolve(new Map()),
    ends: () => Promise.resolve([]),
    committed: () => Promise.resolve(new Map()),
  };
  // Never connects, because no query is run.
  const db = drizzle(postgres('postgres://nobody@127.0.0.1:1/none'));
  startConsumer({ stream, dispatch: () => handled, db, groupId: 'g', topics: ['order-events'], logger });
  const [options] = given;
  if (!options) throw new Error('nothing was subscribed');
  return options.onRecord;
};

const skipped: Dispatched = { outcome: undefined };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('while a record is handled', () => {
  it('heartbeats are sent every second, even for longer than a session timeout, and stop when the record is handled', async () => {
    const { promise, resolve } = Promise.withResolvers<Dispatched>();
    const heartbeat = vi.fn(() => Promise.resolve());
    const handling = consuming(promise)(record, { heartbeat, signal: new AbortController().signal });
    await vi.advanceTimersByTimeAsync(12_000);
    expect(heartbeat).toHaveBeenCalledTimes(12);
    resolve(skipped);
    await handling;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('the work is completed although the partition is lost meanwhile', async () => {
    const { promise, resolve } = Promise.withResolvers<Dispatched>();
    const heartbeat = (): Promise<void> => Promise.reject(new Error('the group is rebalancing'));
    const handling = consuming(promise)(record, { heartbeat, signal: new AbortController().signal });
    await vi.advanceTimersByTimeAsync(5_000);
    resolve(skipped);
    await expect(handling).resolves.toBeUndefined();
  });

  it('heartbeats end after a minute when the handler hangs', async () => {
    const heartbeat = vi.fn(() => Promise.resolve());
    const never = new Promise<Dispatched>(() => {});
    void consuming(never)(record, { heartbeat, signal: new AbortController().signal });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(heartbeat.mock.calls.length).toBeGreaterThan(50);
    expect(heartbeat.mock.calls.length).toBeLessThanOrEqual(60);
  });
});
