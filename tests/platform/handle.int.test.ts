// `handle` on a real database: what commits together, what is rolled back together, and what takes effect once.
import { randomUUID } from 'node:crypto';
import { asc, eq, sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { processedEvents, outbox } from '../../drizzle/messaging/schema.ts';
import { catalogue } from '../../drizzle/order/schema.ts';
import { eventCatalogue, type DomainEvent } from '../../schemas/generated/events.ts';
import { traceparent, useTestShell } from '../support/database.ts';
import {
  accepted,
  ignored,
  rejected,
  type Decision,
} from '../../services/platform/transaction/decision/decision.ts';
import { InvalidEvent, unframe } from '../../services/platform/event-codec/event-codec.ts';
import {
  handle,
  Rejected,
  unclaimed,
  type CommandHandler,
  type Committed,
  type Message,
  type Shell,
} from '../../services/platform/transaction/handle.ts';
import { inboxClaim, type Delivery } from '../../services/platform/transaction/inbox.ts';

const { shell } = useTestShell('order', ['order.fulfilled']);

/** An input for a counter, which is stored in a row of the catalogue table. */
interface Step {
  readonly key: string;
  readonly decision: (count: number) => Decision<number, DomainEvent>;
}
const countingHandler: CommandHandler<Step, number> = {
  load: async (tx, { key }) => {
    const [row] = await tx.select().from(catalogue).where(eq(catalogue.productId, key)).for('update');
    return row?.version ?? 0;
  },
  decide: ({ decision }, count) => decision(count),
  save: (tx, _before, decision, { input }) => {
    if (decision.kind === 'ignored') return [];
    const row = { sellerId: 's', name: 'n', priceMinor: 1, currency: 'EUR', version: decision.state };
    return [
      tx
        .insert(catalogue)
        .values({ productId: input.key, ...row })
        .onConflictDoUpdate({ target: catalogue.productId, set: row }),
    ];
  },
};
const fulfilled = (orderId: string): DomainEvent => ({
  type: 'order.fulfilled',
  data: { orderId, customerId: 'customer-1' },
});
const increment = (key: string) => ({
  key,
  decision: (count: number) => accepted(count + 1, fulfilled(key)),
});

const message = (input: Step): Message<Step> => ({
  id: randomUUID(),
  input,
  at: new Date('2026-01-01T10:00:00.123Z'),
  context: { correlationId: 'correlation-1', causationId: 'cause-1', traceparent, actor: 'tester' },
});
const newDelivery = (eventId = randomUUID()): Delivery => ({
  consumer: 'test-group',
  eventId,
  eventType: 'inventory.committed',
  topic: 'inventory-events',
  partition: 3,
  offset: 42n,
  publishedAt: new Date(),
  attempts: 1,
});

const count = async (key: string): Promise<number> => {
  const [row] = await shell.db.select().from(catalogue).where(eq(catalogue.productId, key));
  return row?.version ?? 0;
};
const outboxRowsOf = (key: string) =>
  shell.db.select().from(outbox).where(eq(outbox.aggregateId, key)).orderBy(asc(outbox.id));
const claimsOf = (eventId: string) =>
  shell.db.select().from(processedEvents).where(eq(processedEvents.eventId, eventId));

describe('an accepted input', () => {
  it('commits claim, effect and event together; the outbox row contains everything that the connector publishes', async () => {
    const key = randomUUID();
    const delivery = newDelivery();
    const input = message(increment(key));
    const handled = await handle(shell, countingHandler, input, inboxClaim(delivery));

    expect(handled).toMatchObject({ kind: 'accepted', state: 1 });
    expect(await count(key)).toBe(1);
    expect(await claimsOf(delivery.eventId)).toMatchObject([
      { outcome: 'accepted', offset: 42n, partition: 3 },
    ]);
    const [row] = await outboxRowsOf(key);
    expect(row).toMatchObject({
      aggregateType: 'order',
      aggregateId: key,
      eventType: 'order.fulfilled',
      correlationId: 'correlation-1',
      causationId: input.id,
      occurredAt: input.at,
    });
    expect(row?.traceparent.slice(0, 36)).toBe(traceparent.slice(0, 36));
    expect(row?.traceparent).not.toBe(traceparent);
    expect(unframe(row?.payload ?? Buffer.alloc(0)).schemaId).toBe(row?.schemaId);
    expect(await shell.codec.decode(row?.payload ?? Buffer.alloc(0))).toMatchObject({
      type: 'order.fulfilled',
      metadata: { eventId: row?.id, correlationId: 'correlation-1', causationId: input.id },
      data: { orderId: key },
    });
  });

  it('takes effect once when the same event is delivered again', async () => {
    const key = randomUUID();
    const delivery = newDelivery();
    await handle(shell, countingHandler, message(increment(key)), inboxClaim(delivery));
    const redelivered = await handle(
      shell,
      countingHandler,
      message(increment(key)),
      inboxClaim({ ...delivery, offset: 99n }),
    );
    expect(redelivered).toMatchObject({ kind: 'duplicate' });
    expect([await count(key), (await outboxRowsOf(key)).length]).toEqual([1, 1]);
  });

  it('takes effect once when the same event is delivered to several instances at once', async () => {
    const key = randomUUID();
    const delivery = newDelivery();
    const handled = await Promise.all(
      Array.from({ length: 8 }, () =>
        handle(shell, countingHandler, message(increment(key)), inboxClaim(delivery)),
      ),
    );
    expect(handled.filter(({ kind }) => kind === 'accepted')).toHaveLength(1);
    expect([await count(key), (await outboxRowsOf(key)).length]).toEqual([1, 1]);
  });

  it('takes effect once per consumer group', async () => {
    const [one, two, delivery] = [randomUUID(), randomUUID(), newDelivery()];
    await handle(shell, countingHandler, message(increment(one)), inboxClaim(delivery));
    await handle(
      shell,
      countingHandler,
      message(increment(two)),
      inboxClaim({ ...delivery, consumer: 'other-group' }),
    );
    expect([await count(one), await count(two)]).toEqual([1, 1]);
  });

  it('waits for the row lock, so no update is lost', async () => {
    const key = randomUUID();
    await handle(shell, countingHandler, message(increment(key)), unclaimed);
    await Promise.all(
      Array.from({ length: 20 }, () => handle(shell, countingHandler, message(increment(key)), unclaimed)),
    );
    expect([await count(key), (await outboxRowsOf(key)).length]).toEqual([21, 21]);
  });
});

describe('the transaction is rolled back completely', () => {
  const expectNothing = async (key: string, eventId: string): Promise<void> => {
    expect([await count(key), await outboxRowsOf(key), await claimsOf(eventId)]).toEqual([0, [], []]);
  };

  it('if the input is rejected; the claim is also rolled back, so that the event can be replayed', async () => {
    const [key, delivery] = [randomUUID(), newDelivery()];
    const step = { key, decision: () => rejected('impossible', 'It cannot be.') };
    const handled = handle(shell, countingHandler, message(step), inboxClaim(delivery));
    await expect(handled).rejects.toThrow(Rejected);
    await expect(handled).rejects.toMatchObject({ code: 'impossible' });
    await expectNothing(key, delivery.eventId);
  });

  it('if the emitted event does not match its schema', async () => {
    const [key, delivery] = [randomUUID(), newDelivery()];
    const broken: DomainEvent = { type: 'order.fulfilled', data: Object.create({ orderId: key }) };
    const step = { key, decision: () => accepted(1, broken) };
    await expect(handle(shell, countingHandler, message(step), inboxClaim(delivery))).rejects.toThrow(
      InvalidEvent,
    );
    await expectNothing(key, delivery.eventId);
  });

  it('if the input fails after its event was appended to the outbox', async () => {
    const [key, delivery] = [randomUUID(), newDelivery()];
    const claim = {
      ...inboxClaim(delivery),
      settle: () => Promise.reject(new Error('the process dies here')),
    };
    await expect(handle(shell, countingHandler, message(increment(key)), claim)).rejects.toThrow('dies here');
    await expectNothing(key, delivery.eventId);
  });
});

describe('the hook for metrics', () => {
  const recording = (): Shell & { readonly calls: Committed[] } => {
    const calls: Committed[] = [];
    return { ...shell, calls, committed: (committed) => calls.push(committed) };
  };
  const measured: typeof countingHandler = {
    ...countingHandler,
    measurements: (before, after) => [{ name: `${before} to ${after}`, labels: {} }],
  };

  it('is called once per accepted input, after the commit, however often the input is delivered', async () => {
    const [key, delivery, recorder] = [randomUUID(), newDelivery(), recording()];
    await handle(recorder, measured, message(increment(key)), inboxClaim(delivery));
    await handle(recorder, measured, message(increment(key)), inboxClaim(delivery));
    expect(recorder.calls).toEqual([
      { events: [fulfilled(key)], measurements: [{ name: '0 to 1', labels: {} }] },
    ]);
  });

  it('is not called for inputs that were rolled back, rejected or ignored', async () => {
    const [key, delivery, recorder] = [randomUUID(), newDelivery(), recording()];
    const crashingClaim = {
      ...inboxClaim(delivery),
      settle: () => Promise.reject(new Error('the process dies here')),
    };
    await expect(handle(recorder, measured, message(increment(key)), crashingClaim)).rejects.toThrow(
      'dies here',
    );
    const impossible = { key, decision: () => rejected('impossible', 'It cannot be.') };
    await expect(handle(recorder, measured, message(impossible), unclaimed)).rejects.toThrow(Rejected);
    await handle(recorder, measured, message({ key, decision: () => ignored('late') }), unclaimed);
    expect(recorder.calls).toEqual([]);
  });
});

describe('an ignored input', () => {
  it('is claimed with its reason and changes nothing else', async () => {
    const [key, delivery] = [randomUUID(), newDelivery()];
    const step = { key, decision: () => ignored('already_there') };
    expect(await handle(shell, countingHandler, message(step), inboxClaim(delivery))).toMatchObject({
      kind: 'ignored',
      reason: 'already_there',
      state: 0,
    });
    expect(await claimsOf(delivery.eventId)).toMatchObject([{ outcome: 'ignored: already_there' }]);
    expect([await count(key), await outboxRowsOf(key)]).toEqual([0, []]);
  });
});

it('every event has a subject that starts with orderflow.', () => {
  expect(Object.values(eventCatalogue).every(({ subject }) => subject.startsWith('orderflow.'))).toBe(true);
});

describe('the outbox table', () => {
  it.each([
    ['an unframed payload', { payload: Buffer.from('{"json":true}') }],
    ['a payload above the limit', { payload: Buffer.alloc(900_001) }],
    ['an empty key', { aggregateId: '' }],
  ])('rejects %s', async (_what, wrong) => {
    const row = {
      id: randomUUID(),
      aggregateType: 'order',
      aggregateId: 'key',
      eventType: 'order.fulfilled',
      schemaId: 1,
      payload: Buffer.from([0, 0, 0, 0, 1, 0]),
      correlationId: 'c',
      causationId: 'c',
      traceparent,
      occurredAt: new Date(),
    };
    await expect(shell.db.insert(outbox).values({ ...row, ...wrong })).rejects.toThrow();
    const [left] = await shell.db
      .select({ rows: sql<number>`count(*)::int` })
      .from(outbox)
      .where(eq(outbox.id, row.id));
    expect(left).toEqual({ rows: 0 });
  });
});
