// The consumer on a real broker: the sequence of the events of a key, redelivery, waiting keys, and dead letters.
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { Kafka, logLevel, type Message as KafkaRecord } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { deadLetters, processedEvents } from '../../drizzle/messaging/schema.ts';
import type { DomainEvent } from '../../schemas/generated/events.ts';
import { until } from '../../scripts/stack/supervise/deadline.ts';
import { stack } from '../stack/worker-stack.ts';
import { useTestShell } from '../support/database.ts';
import { startConsumer, type Incoming, type Outcome } from '../../services/platform/messaging/consumer.ts';
import { accepted } from '../../services/platform/transaction/decision/decision.ts';
import { createDispatch } from '../../services/platform/messaging/dispatch.ts';
import { Rejected, type CommandHandler } from '../../services/platform/transaction/handle.ts';
import { kafkaJsEventStream } from '../../services/platform/messaging/kafkajs-event-stream.ts';
import { createLogger } from '../../services/platform/process/logger.ts';
import { handledBy } from '../../services/platform/messaging/subscription.ts';
import { DependencyUnavailable } from '../../services/platform/database/transient.ts';

const { urls } = stack;
const logger = createLogger({ service: 'test', level: 'error' });
const kafka = new Kafka({ clientId: 'consumer-test', brokers: [urls.kafka], logLevel: logLevel.NOTHING });
const producer = kafka.producer();
const admin = kafka.admin();
const { database, shell } = useTestShell('order', ['inventory.committed', 'order.fulfilled']);

beforeAll(async () => {
  await Promise.all([producer.connect(), admin.connect()]);
});
afterAll(async () => {
  await Promise.all([producer.disconnect(), admin.disconnect()]);
});

const record = (orderId: string, eventId = randomUUID()): KafkaRecord => {
  const event: DomainEvent = { type: 'inventory.committed', data: { orderId, items: [] } };
  const metadata = { eventId, correlationId: 'c', causationId: 'c', occurredAt: new Date() };
  const { payload } = shell.codec.encode(event, metadata);
  return { key: orderId, value: payload, headers: { id: eventId, eventType: event.type } };
};

/** A handler whose only effect is the claim of the event. */
const noEffect: CommandHandler<null, null> = {
  load: () => Promise.resolve(null),
  decide: () => accepted(null),
  save: () => [],
};
type Handler = (incoming: Incoming<'inventory.committed'>) => Promise<Outcome>;
interface Run {
  readonly topic: string;
  readonly seen: string[];
  readonly send: (...records: KafkaRecord[]) => Promise<void>;
  readonly committedOffset: () => Promise<number>;
  readonly stop: () => Promise<void>;
  readonly halted: () => string | undefined;
  readonly waitingKeys: () => number;
  readonly groupId: string;
}

/** Creates a topic and starts a consumer of the topic. `before` runs before each event is handled. */
const start = async (
  before: (incoming: Incoming<'inventory.committed'>) => Promise<void>,
  configEntries: { name: string; value: string }[] = [],
): Promise<Run> => {
  const topic = `test-${randomUUID()}`;
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }], waitForLeaders: true });
  return consume(topic, before);
};

/**
 * Starts a member of the consumer group of the topic. The consumer halts when three of the last six records would become dead
 * letters: it stores only the first two.
 */
const consume = (
  topic: string,
  before: (incoming: Incoming<'inventory.committed'>) => Promise<void>,
): Run => {
  const groupId = `group-${topic}`;
  const seen: string[] = [];
  const apply: Handler = handledBy(shell, noEffect, () => null);
  const subscription = startConsumer({
    stream: kafkaJsEventStream({ brokers: [urls.kafka], clientId: 'test', concurrency: 1 }, logger),
    dispatch: createDispatch(shell.codec, {
      'inventory.committed': async (incoming) => {
        seen.push(incoming.event.data.orderId);
        await before(incoming);
        return apply(incoming);
      },
    }),
    db: database.db,
    groupId,
    topics: [topic],
    logger,
    backoff: { initialMs: 10, maxMs: 50 },
    waitingLimit: { keys: 2, records: 5 },
    deadLetterLimit: { limit: 3, probeEveryMs: 500 },
  });
  onTestFinished(() => subscription.stop());
  return {
    topic,
    groupId,
    seen,
    stop: subscription.stop,
    halted: subscription.halted,
    waitingKeys: subscription.waitingKeys,
    send: async (...messages) => {
      await producer.send({ topic, messages });
    },
    committedOffset: async () => {
      const [group] = await admin.fetchOffsets({ groupId, topics: [topic] });
      return Number(group?.partitions[0]?.offset ?? -1);
    },
  };
};

const waitUntil = (what: string, condition: () => boolean | Promise<boolean>) =>
  until({ what, withinMs: 20_000 }, async () => condition());
const offsetCommitted = (run: Run, offset: number) =>
  waitUntil(`offset ${offset}`, async () => (await run.committedOffset()) === offset);
const claims = async (run: Run) =>
  (await database.db.select().from(processedEvents)).filter((row) => row.topic === run.topic);
const deadLettersOf = async (run: Run) =>
  (await database.db.select().from(deadLetters)).filter((row) => row.topic === run.topic);

describe('the consumer', () => {
  it('continues after the clock was set back by an hour: the member whose heartbeats stop joins again', async () => {
    const run = await start(() => Promise.resolve());
    await run.send(record('order-1'));
    await offsetCommitted(run, 1);
    const { now } = Date;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
    onTestFinished(() => {
      clock.mockRestore();
    });
    await waitUntil('the removal of the member by the broker', async () => {
      const { groups } = await admin.describeGroups([run.groupId]);
      return groups[0]?.members.length === 0;
    });
    await run.send(record('order-2'));
    await offsetCommitted(run, 2);
    expect(await claims(run)).toHaveLength(2);
  }, 60_000);

  it('handles the records of a key one after the other and different keys concurrently, and commits the offset', async () => {
    const handled: string[] = [];
    const run = await start(async ({ event }) => {
      // Handling the records of the first key takes longest.
      if (event.data.orderId === 'order-0') await setTimeout(20);
      handled.push(event.metadata.eventId);
    });
    const sent = Array.from({ length: 50 }, (_, index) => ({ key: `order-${index % 10}`, id: randomUUID() }));
    await run.send(...sent.map(({ key, id }) => record(key, id)));
    await offsetCommitted(run, 50);
    const idsOfKey = (wanted: string): string[] =>
      sent.filter(({ key }) => key === wanted).map(({ id }) => id);
    for (const key of new Set(sent.map(({ key }) => key)))
      expect(handled.filter((id) => idsOfKey(key).includes(id))).toEqual(idsOfKey(key));
    expect(idsOfKey('order-0')).not.toContain(handled[0]);
    expect((await claims(run)).length).toBe(50);
  });

  it('handles an event once, even if the event is on the topic twice', async () => {
    const run = await start(() => Promise.resolve());
    const repeatedRecord = record('order-1');
    await run.send(repeatedRecord, repeatedRecord, record('order-2'));
    await offsetCommitted(run, 3);
    expect(run.seen.toSorted()).toEqual(['order-1', 'order-1', 'order-2']);
    expect((await claims(run)).length).toBe(2);
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd', 'uncompressed'])(
    'reads batches that the broker stores with compression.type=%s, in one block or in several',
    async (codec) => {
      const run = await start(() => Promise.resolve(), [{ name: 'compression.type', value: codec }]);
      // The first batch has about 200 KB, which is more than one block of snappy, lz4 or zstd. The second batch has one record, so
      // it has one block.
      const keys = Array.from({ length: 150 }, () => randomBytes(300).toString('hex'));
      await run.send(...keys.map((key) => record(key)));
      await run.send(record('order-1'));
      await offsetCommitted(run, 151);
      expect(run.seen.toSorted()).toEqual([...keys, 'order-1'].toSorted());
      expect(await deadLettersOf(run)).toEqual([]);
    },
  );

  it('skips event types without a subscription', async () => {
    const run = await start(() => Promise.resolve());
    const event: DomainEvent = { type: 'order.fulfilled', data: { orderId: 'o', customerId: 'c' } };
    const metadata = { eventId: randomUUID(), correlationId: 'c', causationId: 'c', occurredAt: new Date() };
    await run.send({ key: 'o', value: shell.codec.encode(event, metadata).payload }, record('order-1'));
    await offsetCommitted(run, 2);
    expect(run.seen).toEqual(['order-1']);
    expect(await deadLettersOf(run)).toEqual([]);
  });

  it('skips canaries that a connector has routed to this topic, and does not halt because of them', async () => {
    const run = await start(() => Promise.resolve());
    const canary = { key: 'canary', value: Buffer.alloc(6), headers: { eventType: 'canary' } };
    await run.send(...Array.from({ length: 20 }, () => canary), record('order-1'));
    await offsetCommitted(run, 21);
    expect(run.seen).toEqual(['order-1']);
    expect(await deadLettersOf(run)).toEqual([]);
  });
});

describe('a transient failure', () => {
  /** Simulates a dependency that is unavailable for some orders or events. `handled` lists the events in the sequence of handling. */
  const unavailableFor = (...orderOrEventIds: string[]) => {
    const unavailable = new Set(orderOrEventIds);
    const handled: string[] = [];
    return {
      unavailable,
      handled,
      handler: ({ event }: Incoming<'inventory.committed'>): Promise<void> => {
        if (unavailable.has(event.data.orderId) || unavailable.has(event.metadata.eventId))
          return Promise.reject(new DependencyUnavailable('down'));
        handled.push(event.metadata.eventId);
        return Promise.resolve();
      },
    };
  };
  const ids = (count: number) => Array.from({ length: count }, () => randomUUID());

  it('blocks only its key: other keys continue, and the committed offset stays before the failed event', async () => {
    const [first = randomUUID(), second, third, other, last] = ids(5);
    // The handler would accept the later events of the key, but these have to wait for the first event of the key.
    const { unavailable, handled, handler } = unavailableFor(first);
    const run = await start(handler);
    await run.send(
      record('order-1', first),
      record('order-2', other),
      record('order-1', second),
      record('order-1', third),
      record('order-3', last),
    );
    await waitUntil('the other keys', () => handled.length === 2);
    expect(handled).toEqual([other, last]);
    await waitUntil('several attempts', () => run.seen.filter((orderId) => orderId === 'order-1').length > 5);
    expect(run.waitingKeys()).toBe(1);
    await expect.poll(run.committedOffset).toBe(0);
    unavailable.clear();
    await offsetCommitted(run, 5);
    expect(handled).toEqual([other, last, first, second, third]);
    const claimed = await claims(run);
    expect([run.waitingKeys(), claimed.length]).toEqual([0, 5]);
    // Only the first record of the key was retried; the later records waited for the first.
    expect(claimed.filter(({ attempts }) => attempts > 5)).toHaveLength(1);
    expect(claimed.filter(({ attempts }) => attempts === 1)).toHaveLength(4);
    expect(await deadLettersOf(run)).toEqual([]);
  });

  it('of too many keys blocks the partition without losing events', async () => {
    const { unavailable, handled, handler } = unavailableFor('order-1', 'order-2');
    const run = await start(handler);
    await run.send(record('order-1'), record('order-2'));
    await waitUntil('two waiting keys', () => run.waitingKeys() === 2);
    await run.send(record('order-3'));
    await waitUntil('several attempts', () => run.seen.length > 10);
    expect(run.seen).not.toContain('order-3');
    unavailable.delete('order-2');
    await waitUntil('the third key', () => handled.length === 2);
    await expect.poll(run.committedOffset).toBe(0);
    unavailable.clear();
    await offsetCommitted(run, 3);
    expect((await claims(run)).length).toBe(3);
  });

  it('that is not over when the consumer stops loses no event: the next consumer reads the event again and handles it once', async () => {
    const { handler } = unavailableFor('order-1');
    const run = await start(handler);
    await run.send(record('order-1'), record('order-2'), record('order-1'));
    await waitUntil('the other key', async () => (await claims(run)).length === 1);
    await run.stop();
    await expect.poll(run.committedOffset).toBe(0);
    const nextConsumer = consume(run.topic, () => Promise.resolve());
    await offsetCommitted(nextConsumer, 3);
    expect((await claims(run)).length).toBe(3);
  });
});

describe('a record that can never be handled', () => {
  it.each([
    ['bytes without framing', { value: Buffer.from('{"json":true}') }, 'no_framing'],
    ['an unknown schema id', { value: Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1]) }, 'unknown_schema'],
    ['no value at all', { value: null }, 'no_value'],
  ])(
    '(%s) is stored unchanged as a dead letter, and the next record is handled',
    async (_label, undecodable, code) => {
      const run = await start(() => Promise.resolve());
      await run.send({ key: 'order-1', headers: { eventType: 'what' }, ...undecodable }, record('order-2'));
      await offsetCommitted(run, 2);
      expect(run.seen).toEqual(['order-2']);
      expect(await deadLettersOf(run)).toMatchObject([
        {
          consumer: run.groupId,
          offset: 0n,
          key: 'order-1',
          value: undecodable.value,
          headers: { eventType: 'what' },
          attempts: 1,
          fingerprint: `UndecodableRecord|${code}|what`,
          state: 'parked',
        },
      ]);
    },
  );

  it('because its event is rejected is dead-lettered without a claim, so that the event can be replayed', async () => {
    const run = await start(({ event }) =>
      event.data.orderId === 'order-1'
        ? Promise.reject(new Rejected('impossible', 'It cannot be.'))
        : Promise.resolve(),
    );
    await run.send(record('order-1'), record('order-2'));
    await offsetCommitted(run, 2);
    expect(await deadLettersOf(run)).toMatchObject([
      { key: 'order-1', fingerprint: 'Rejected|impossible|inventory.committed' },
    ]);
    expect((await claims(run)).length).toBe(1);
  });

  it('because of a defect is tried three times before it is dead-lettered', async () => {
    const run = await start(({ event }) =>
      event.data.orderId === 'order-1' ? Promise.reject(new TypeError('a defect')) : Promise.resolve(),
    );
    await run.send(record('order-1'), record('order-2'));
    await offsetCommitted(run, 2);
    expect(run.seen.filter((orderId) => orderId === 'order-1').length).toBe(3);
    expect(await deadLettersOf(run)).toMatchObject([{ attempts: 3 }]);
  });
});

describe('storing a dead letter', () => {
  it('replaces characters that PostgreSQL cannot store', async () => {
    const run = await start(() => Promise.resolve());
    await run.send({ key: 'a\0b', value: null, headers: { eventType: 'c\0d', id: '\0' } }, record('order-2'));
    await offsetCommitted(run, 2);
    expect(await deadLettersOf(run)).toMatchObject([
      { key: 'a\uFFFDb', eventType: 'c\uFFFDd', headers: { eventType: 'c\uFFFDd', id: '\uFFFD' } },
    ]);
  });

  it('happens before the offset is committed: while the dead letter cannot be stored, the offset does not advance', async () => {
    const run = await start(() => Promise.resolve());
    await database.db.execute(sql`alter table dead_letters rename to hidden`);
    try {
      await run.send({ key: 'bad', value: null }, record('order-2'));
      await expect(
        until({ what: 'the offset to move', withinMs: 3_000 }, async () => (await run.committedOffset()) > 0),
      ).rejects.toThrow();
      expect(run.seen).toEqual(['order-2']);
    } finally {
      await database.db.execute(sql`alter table hidden rename to dead_letters`);
    }
    await offsetCommitted(run, 2);
    expect((await deadLettersOf(run)).length).toBe(1);
  });
});

describe('when most records would be dead-lettered', () => {
  const undecodable = (key: string): KafkaRecord => ({ key, value: Buffer.from('no event') });

  it('the consumer halts with a reason: no more records are dead-lettered or skipped', async () => {
    const run = await start(() => Promise.resolve());
    await run.send(...Array.from({ length: 20 }, (_, index) => undecodable(`bad-${index}`)));
    await waitUntil('the halt', () => run.halted() !== undefined);
    expect(run.halted()).toMatch(/^halted: 2 of the last 2 records became dead letters/);
    // The consumer probes several times and stays halted.
    await setTimeout(1_700);
    expect((await deadLettersOf(run)).length).toBe(2);
    expect(await run.committedOffset()).toBeLessThanOrEqual(2);
    expect(run.halted()).toBeDefined();
  });

  it('the consumer continues without intervention once the cause is repaired, and loses no record', async () => {
    let broken = true;
    const run = await start(() =>
      broken ? Promise.reject(new Rejected('broken', 'broken')) : Promise.resolve(),
    );
    await run.send(...Array.from({ length: 10 }, (_, index) => record(`order-${index}`)));
    await waitUntil('the halt', () => run.halted() !== undefined);
    broken = false;
    await offsetCommitted(run, 10);
    expect(run.halted()).toBeUndefined();
    expect([(await deadLettersOf(run)).length, (await claims(run)).length]).toEqual([2, 8]);
  });

  it('a halted consumer can be stopped at once', async () => {
    const run = await start(() => Promise.resolve());
    await run.send(undecodable('1'), undecodable('2'), undecodable('3'));
    await waitUntil('the halt', () => run.halted() !== undefined);
    const startedAt = performance.now();
    await run.stop();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(await run.committedOffset()).toBe(2);
  });
});

describe('stopping', () => {
  it('finishes the current record, commits its offset and handles no further record', async () => {
    const entered = Promise.withResolvers<undefined>();
    const release = Promise.withResolvers<undefined>();
    const run = await start(async () => {
      entered.resolve(undefined);
      await release.promise;
    });
    await run.send(record('order-1'));
    await entered.promise;
    const stopped = run.stop();
    await run.send(record('order-2'));
    release.resolve(undefined);
    await stopped;
    expect([run.seen, await run.committedOffset()]).toEqual([['order-1'], 1]);
    expect((await claims(run)).length).toBe(1);
  });
});
