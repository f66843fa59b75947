// Events that share a transaction: each event takes effect once, and an event that fails does not affect the others.
import { randomUUID } from 'node:crypto';
import { eq, inArray, sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../drizzle/order/schema.ts';
import { duplicateDeliveries, outbox, processedEvents } from '../../drizzle/messaging/schema.ts';
import type { DomainEvent } from '../../schemas/generated/events.ts';
import {
  accepted,
  ignored,
  rejected,
  type Decision,
} from '../../services/platform/transaction/decision/decision.ts';
import { handle, type CommandHandler, type Committed } from '../../services/platform/transaction/handle.ts';
import { inboxClaim } from '../../services/platform/transaction/inbox.ts';
import {
  shareTransactions,
  type SharedTransactions,
} from '../../services/platform/transaction/shared-transaction.ts';
import { testContext, useTestShell } from '../support/database.ts';

const { database, shell } = useTestShell('order', ['order.fulfilled']);

interface Step {
  readonly key: string;
  readonly decision: Decision<number, DomainEvent>;
}
/** A handler that stores the decided number as the price of a product. */
const storeHandler: CommandHandler<Step, number> = {
  load: async (tx, { key }) => {
    const [row] = await tx.select().from(catalogue).where(eq(catalogue.productId, key)).for('update');
    return row?.version ?? 0;
  },
  decide: ({ decision }) => decision,
  save: (tx, _before, decision, { input }) => {
    if (decision.kind === 'ignored') return [];
    const row = { sellerId: 's', name: 'n', priceMinor: decision.state, currency: 'EUR', version: 1 };
    return [tx.insert(catalogue).values({ productId: input.key, ...row })];
  },
};
const newStep = (priceMinor = 1): Step => {
  const key = randomUUID();
  const event: DomainEvent = { type: 'order.fulfilled', data: { orderId: key, customerId: 'c' } };
  return { key, decision: accepted(priceMinor, event) };
};

/** Handles the inputs concurrently. The events get the given ids, or new ids. */
const handleAll = (
  shared: SharedTransactions,
  inputs: readonly Step[],
  {
    handler = storeHandler,
    eventIds = [] as readonly string[],
    committed = (_: Committed): void => undefined,
  } = {},
) =>
  Promise.allSettled(
    inputs.map((input, index) => {
      const eventId = eventIds[index] ?? randomUUID();
      const delivery = {
        consumer: 'g',
        eventId,
        eventType: 'inventory.committed',
        topic: 'inventory-events',
        partition: 0,
        offset: BigInt(index),
        publishedAt: new Date(),
        attempts: 1,
      };
      const message = { id: eventId, key: input.key, context: testContext, at: new Date(), input };
      const sharedShell = { db: shell.db, codec: shell.codec, shared, committed };
      return handle(sharedShell, handler, message, inboxClaim(delivery));
    }),
  );

/** The stored keys, each with the id of the transaction that stored the key. */
const transactionsOf = async (inputs: readonly Step[]): Promise<Map<string, string>> => {
  const ids = inputs.map(({ key }) => key);
  const rows = await shell.db
    .select({ key: catalogue.productId, transaction: sql<string>`xmin::text` })
    .from(catalogue)
    .where(inArray(catalogue.productId, ids));
  return new Map(rows.map(({ key, transaction }) => [key, transaction]));
};
const emittedOnce = async (inputs: readonly Step[]): Promise<boolean> => {
  const ids = inputs.map(({ key }) => key);
  const rows = await shell.db.select().from(outbox).where(inArray(outbox.aggregateId, ids));
  return (
    rows.length === inputs.length && new Set(rows.map(({ aggregateId }) => aggregateId)).size === ids.length
  );
};
const kinds = (settled: Awaited<ReturnType<typeof handleAll>>) =>
  settled.map((result) => (result.status === 'fulfilled' ? result.value.kind : 'failed'));

describe('inputs that wait at the same time', () => {
  it('share one transaction, except the first input, which is handled at once in a separate transaction', async () => {
    const inputs = Array.from({ length: 20 }, () => newStep());
    const usageBefore = database.connection.usage();
    expect(new Set(kinds(await handleAll(shareTransactions(shell.db), inputs)))).toEqual(
      new Set(['accepted']),
    );
    const usageAfter = database.connection.usage();
    expect(usageAfter.transactions - usageBefore.transactions).toBe(2);
    // At most three round trips per transaction, regardless of the number of inputs.
    expect(usageAfter.roundTrips - usageBefore.roundTrips).toBeLessThanOrEqual(6);
    expect(new Set((await transactionsOf(inputs)).values()).size).toBe(2);
    expect(await emittedOnce(inputs)).toBe(true);
  });

  it('are split into several transactions of limited size if there are many', async () => {
    const inputs = Array.from({ length: 100 }, () => newStep());
    await handleAll(shareTransactions(shell.db), inputs);
    const transactions = [...(await transactionsOf(inputs)).values()];
    const sizes = [...Map.groupBy(transactions, (id) => id).values()].map((group) => group.length);
    expect([sizes.reduce((sum, size) => sum + size), Math.max(...sizes)]).toEqual([100, 32]);
  });

  it('are each reported once to the metrics hook, after the commit', async () => {
    const counted: string[] = [];
    const inputs = Array.from({ length: 5 }, () => newStep());
    await handleAll(shareTransactions(shell.db), inputs, {
      committed: ({ events }) => counted.push(...events.map((event) => event.type)),
    });
    expect(counted).toEqual(Array.from({ length: 5 }, () => 'order.fulfilled'));
  });

  it('can be duplicates of earlier events: a duplicate is counted and changes nothing', async () => {
    const shared = shareTransactions(shell.db);
    const [inputs, eventIds] = [
      [newStep(), newStep(), newStep()],
      [randomUUID(), randomUUID(), randomUUID()],
    ];
    await handleAll(shared, inputs, { eventIds });
    const redelivered = await handleAll(shared, [newStep(), ...inputs], {
      eventIds: [randomUUID(), ...eventIds],
    });
    expect(kinds(redelivered)).toEqual(['accepted', 'duplicate', 'duplicate', 'duplicate']);
    expect(await emittedOnce(inputs)).toBe(true);
    await handleAll(shared, inputs.slice(0, 1), { eventIds });
    const counted = await shell.db
      .select()
      .from(duplicateDeliveries)
      .where(inArray(duplicateDeliveries.eventId, eventIds));
    expect(new Map(counted.map(({ eventId, count }) => [eventId, count]))).toEqual(
      new Map(eventIds.map((id, index) => [id, index === 0 ? 2 : 1])),
    );
  });
});

it('each input of a key sees what the previous input of the key has stored', async () => {
  const key = randomUUID();
  const counting: CommandHandler<Step, number> = {
    ...storeHandler,
    load: async (tx) => {
      const [row] = await tx.select().from(catalogue).where(eq(catalogue.productId, key)).for('update');
      return row?.version ?? 0;
    },
    decide: (_input, count) => accepted(count + 1),
    save: (tx, _before, decision) => {
      if (decision.kind === 'ignored') return [];
      const row = { sellerId: 's', name: 'n', priceMinor: 1, currency: 'EUR', version: decision.state };
      return [
        tx
          .insert(catalogue)
          .values({ productId: key, ...row })
          .onConflictDoUpdate({ target: catalogue.productId, set: row }),
      ];
    },
  };
  const inputs = Array.from({ length: 10 }, () => ({ ...newStep(), key }));
  expect(new Set(kinds(await handleAll(shareTransactions(shell.db), inputs, { handler: counting })))).toEqual(
    new Set(['accepted']),
  );
  const [row] = await shell.db.select().from(catalogue).where(eq(catalogue.productId, key));
  expect(row?.version).toBe(10);
});

describe('an input that fails', () => {
  const failing: [string, Step, unknown][] = [
    [
      'its decision is a rejection',
      { ...newStep(), decision: rejected('impossible', 'no') },
      { code: 'impossible' },
    ],
    ['the database refuses what it stores', newStep(Number.NaN), { code: '22P02' }],
    [
      'its event does not fit the schema',
      { ...newStep(), decision: accepted(1, { type: 'order.fulfilled', data: {} } as DomainEvent) },
      { name: 'InvalidEvent' },
    ],
  ];

  it.each(failing)(
    'because %s does not affect the other inputs of its transaction: each of these takes effect once',
    async (_why, failingInput, error) => {
      const [first, ...others] = Array.from({ length: 6 }, () => newStep());
      if (!first) throw new Error('unreachable');
      const counted: unknown[] = [];
      const settled = await handleAll(
        shareTransactions(shell.db),
        [first, ...others.slice(0, 3), failingInput, ...others.slice(3)],
        {
          committed: ({ events }) => counted.push(...events),
        },
      );
      expect(kinds(settled)).toEqual([
        'accepted',
        'accepted',
        'accepted',
        'accepted',
        'failed',
        'accepted',
        'accepted',
      ]);
      expect(settled[4]).toMatchObject({ reason: error });
      expect([...(await transactionsOf([first, ...others, failingInput])).keys()].sort()).toEqual(
        [first, ...others].map(({ key }) => key).sort(),
      );
      expect(await emittedOnce([first, ...others])).toBe(true);
      expect(counted).toHaveLength(6);
    },
  );

  it('leaves no claim, so that its event can be handled again', async () => {
    const shared = shareTransactions(shell.db);
    const [retried, eventIds] = [newStep(), [randomUUID(), randomUUID(), randomUUID()]];
    const failingInput = { ...retried, decision: rejected('impossible', 'no') };
    await handleAll(shared, [newStep(), failingInput, newStep()], { eventIds });
    const [, second = ''] = eventIds;
    expect(await shell.db.select().from(processedEvents).where(eq(processedEvents.eventId, second))).toEqual(
      [],
    );
    expect(kinds(await handleAll(shared, [retried], { eventIds: [second] }))).toEqual(['accepted']);
  });

  it('is different from an ignored input, which does not fail', async () => {
    const ignoredInput = { ...newStep(), decision: ignored('late') };
    const settled = await handleAll(shareTransactions(shell.db), [newStep(), ignoredInput, newStep()]);
    expect(kinds(settled)).toEqual(['accepted', 'ignored', 'accepted']);
  });
});

it('no input is lost when the connection of a shared transaction is lost', async () => {
  let loads = 0;
  const crashingHandler: typeof storeHandler = {
    ...storeHandler,
    load: async (tx, input) => {
      const before = await storeHandler.load(tx, input);
      loads += 1;
      // The first input runs alone; the others share a transaction, so the third load is in that transaction.
      if (loads === 3) await tx.execute(sql`select pg_terminate_backend(pg_backend_pid())`);
      return before;
    },
  };
  const inputs = Array.from({ length: 6 }, () => newStep());
  const settled = await handleAll(shareTransactions(shell.db), inputs, { handler: crashingHandler });
  expect(new Set(kinds(settled))).toEqual(new Set(['accepted']));
  expect(await emittedOnce(inputs)).toBe(true);
});
