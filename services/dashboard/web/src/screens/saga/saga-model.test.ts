import { describe, expect, it } from 'vitest';
import type { Story } from '../../api/types.ts';
import { barAfterKey, barsOf, describeTimeline } from './saga-keys.ts';
import { layoutOf } from './saga-layout.ts';
import { sagaOf } from './saga-model.ts';
import { isInProgress, summaryOf, waitsOf } from './saga-title.ts';
import { timeScale } from './time-scale.ts';

const consumption = (service: string, receivedAt: number, committedAt: number, outcome = 'accepted') => ({
  consumer: `${service}-service-group`,
  receivedAt,
  committedAt,
  outcome,
  letterId: null,
  attempts: 1,
  duplicates: 0,
});
type Event = Story['events'][number];
const event = (
  id: string,
  [eventType, emittedBy, causationId]: readonly [string, Event['emittedBy'], string],
  [occurredAt, committedAt, publishedAt]: readonly [number, number, number | null],
  consumptions: Event['consumptions'],
): Event => ({
  id,
  eventType,
  emittedBy,
  causationId,
  occurredAt,
  committedAt,
  publishedAt,
  consumptions,
  key: 'o1',
  correlationId: 'c1',
  traceparent: '',
  schemaId: 1,
  position: null,
  data: {},
  undecodable: null,
});

/** Recorded from a real order, with rounded times. */
const story: Story = {
  orders: [],
  correlationIds: ['c1'],
  steps: [
    ['place_order', 'r1', 'PENDING', 1_000] as const,
    ['inventory.reserved', 'e2', 'CONFIRMED', 1_036] as const,
    ['payment.succeeded', 'e3', 'PAID', 1_090] as const,
    ['confirm', 'r2', 'PAID', 90_000] as const,
  ].map(([type, inputId, status, recordedAt]) => ({
    orderId: 'o1',
    type,
    inputId,
    actor: 'someone',
    outcome: 'accepted',
    status,
    recordedAt,
  })),
  calls: [
    {
      id: 'k1',
      orderId: 'o1',
      kind: 'charge',
      state: 'succeeded',
      attempts: 2,
      lastError: null,
      causationId: 'e2',
      createdAt: 1_040,
      updatedAt: 1_070,
      dueAt: 1_070,
    },
  ],
  events: [
    event(
      'e1',
      ['order.created', 'order', 'r1'],
      [1_000, 1_006, 1_011],
      [consumption('inventory', 1_016, 1_025), consumption('payment', 1_018, 1_022)],
    ),
    event(
      'e2',
      ['inventory.reserved', 'inventory', 'e1'],
      [1_016, 1_025, 1_030],
      [consumption('order', 1_036, 1_043), consumption('payment', 1_040, 1_048)],
    ),
    // e2 caused the charge, and through it this event. The transaction that recorded the provider's response emitted this event, not the
    // transaction that handled e2.
    event(
      'e3',
      ['payment.succeeded', 'payment', 'e2'],
      [1_070, 1_077, 1_080],
      [consumption('order', 1_090, 1_096)],
    ),
  ],
};

describe('the saga of an order', () => {
  const saga = sagaOf(story, 100_000);

  it('marks a transaction that needed several attempts, and counts its retries', () => {
    const [first, ...rest] = story.events;
    if (first === undefined) throw new Error('unreachable');
    const retried = first.consumptions.map((consumption, index) =>
      index === 0 ? { ...consumption, attempts: 3 } : consumption,
    );
    const withRetries = { ...story, events: [{ ...first, consumptions: retried }, ...rest] };
    expect(sagaOf(withRetries, 0).blocks.map(({ label }) => label)).toContainEqual(
      expect.stringMatching(/, 3 attempts$/),
    );
    expect(summaryOf(withRetries)).toContain(' · 2 retries · ');
    expect(summaryOf(story)).not.toContain('retr');
  });

  it('marks a transaction whose event was delivered again', () => {
    const [first, ...rest] = story.events;
    if (first === undefined) throw new Error('unreachable');
    const repeated = first.consumptions.map((consumption) => ({ ...consumption, duplicates: 1 }));
    const withDuplicates = { ...story, events: [{ ...first, consumptions: repeated }, ...rest] };
    expect(sagaOf(withDuplicates, 0).blocks.map(({ label }) => label)).toContainEqual(
      expect.stringMatching(/, 1 duplicate$/),
    );
    expect(summaryOf(withDuplicates)).toContain(` · ${repeated.length} duplicates · `);
    expect(summaryOf(story)).not.toContain('duplicate');
  });

  it('labels the second inventory.reserved, which pins the stock, differently from the first', () => {
    const pinned = event(
      'e4',
      ['inventory.reserved', 'inventory', 'e3'],
      [1_100, 1_105, 1_110],
      [consumption('order', 1_115, 1_120)],
    );
    const payment = event(
      'e3',
      ['payment.succeeded', 'payment', 'e2'],
      [1_070, 1_077, 1_080],
      [consumption('inventory', 1_100, 1_105)],
    );
    const labels = sagaOf({ ...story, events: [...story.events.slice(0, 2), payment, pinned] }, 0).blocks.map(
      ({ label }) => label,
    );
    expect(labels.filter((label) => label === 'stock reserved')).toHaveLength(1);
    expect(labels).toContain('reservation no longer expires');
  });

  it('has a block per transaction, with a label for what the transaction did', () => {
    expect(saga.blocks.map(({ lane, label, start, end }) => [lane, label, end - start])).toEqual([
      ['order', 'placed', 6],
      ['inventory', 'stock reserved', 9],
      ['payment', 'handled order.created', 4],
      ['order', 'CONFIRMED', 7],
      ['payment', 'handled inventory.reserved', 8],
      ['provider', 'charge succeeded, 2 attempts', 30],
      ['payment', 'paid', 7],
      ['order', 'PAID', 6],
      ['order', 'confirmed by a seller', 0],
    ]);
  });

  it('links the transaction that emitted an event to the transactions that handled the event', () => {
    expect(saga.hops.map(({ from, to }) => `${from} → ${to}`)).toEqual([
      'order/1006 → e1/inventory',
      'order/1006 → e1/payment',
      'e1/inventory → e2/order',
      'e1/inventory → e2/payment',
      'payment/1077 → e3/order',
    ]);
    expect(saga.links.map(({ from, to }) => `${from} → ${to}`)).toEqual([
      'e2/payment → call/k1',
      'call/k1 → payment/1077',
    ]);
  });

  it('finds the longest step', () => {
    expect(saga.slowest).toEqual({ from: 1_040, to: 1_070, label: 'at the payment provider' });
  });

  it('lists the longest waits, including waits for a person', () => {
    expect(saga.waits.map(({ from, to, label }) => [to - from, label])).toEqual([
      [10, 'waiting in Kafka for payment'],
      [30, 'at the payment provider'],
      [88_904, 'waiting for a seller'],
    ]);
  });

  it('lists events that no consumer has handled, and marks dead letters', () => {
    const [first, second] = story.events;
    if (first === undefined || second === undefined) throw new Error('no events');
    const parked = 'parked as a dead letter: Error|23514|order.created';
    const broken = sagaOf(
      {
        ...story,
        steps: [],
        calls: [],
        events: [
          { ...first, consumptions: [consumption('inventory', 1_016, 1_016, parked)] },
          { ...second, publishedAt: null, consumptions: [] },
        ],
      },
      2_000,
    );
    expect(broken.unconsumed.map(({ id }) => id)).toEqual(['e2']);
    expect(broken.slowest).toMatchObject({
      to: 2_000,
      label: 'inventory.reserved has not reached a consumer yet',
    });
    expect(broken.blocks.filter(({ kind }) => kind === 'failed').map(({ label }) => label)).toEqual([
      'dead-lettered: order.created',
    ]);
  });

  it('is laid out without overlapping labels', () => {
    const { blocks, width } = layoutOf(saga, 900);
    const rows = Map.groupBy(blocks.values(), ({ y }) => y);
    for (const row of rows.values()) {
      const sorted = row.toSorted((a, b) => a.x - b.x);
      for (const [index, block] of sorted.slice(1).entries()) {
        const previous = sorted[index];
        if (previous === undefined) throw new Error('no block before');
        expect(block.x).toBeGreaterThan(previous.x + previous.width + previous.label.length * 6.9);
      }
    }
    expect(width).toBeGreaterThanOrEqual(900);
  });
});

describe('the step that an order waits for', () => {
  const withStatus = (status: string, expiresAt: number | null = null): Story => ({
    ...story,
    calls: [],
    orders: [
      {
        id: 'o1',
        customerId: 'u1',
        status,
        cancellationReason: null,
        placedAt: 1_000,
        updatedAt: 1_000,
        expiresAt,
      },
    ],
  });
  const waits = (subject: Story): string[] => waitsOf(subject, sagaOf(subject, 2_000), 2_000);

  it('is named, with the time until when the order waits', () => {
    expect(waits(withStatus('CONFIRMED', 60_000))).toEqual([
      expect.stringMatching(/^The order waits for its payment until .+, when the reservation expires\.$/),
    ]);
    expect(waits(withStatus('PENDING'))).toHaveLength(1);
    expect(waits(withStatus('PAID'))).toHaveLength(1);
  });

  it('is not the payment by the customer while the event of a payment is on its way', () => {
    const events = story.events.map((event) =>
      event.eventType === 'payment.succeeded' ? { ...event, consumptions: [] } : event,
    );
    expect(waits({ ...withStatus('CONFIRMED', 60_000), events })).toEqual([
      expect.stringMatching(/^payment\.succeeded was committed to the outbox .* ago\. No consumer/),
      expect.stringMatching(/^The customer has paid\./),
    ]);
  });

  it('has a label that does not make the drawing wider', () => {
    const events = story.events.map((event) =>
      event.eventType === 'payment.succeeded' ? { ...event, consumptions: [] } : event,
    );
    const steps = story.steps.slice(0, 2);
    const { width } = layoutOf(sagaOf({ ...withStatus('CONFIRMED'), events, steps }, 60_000), 900);
    expect(width).toBe(900);
  });

  it.each(['FULFILLED', 'CANCELLED'])('does not exist once the order is %s', (status) => {
    expect(isInProgress(withStatus(status))).toBe(false);
    expect(waits(withStatus(status))).toEqual([]);
  });
});

describe('the keyboard in the timeline', () => {
  const saga = sagaOf(story, 100_000);
  const bars = barsOf(saga);
  const labelAfter = (...keys: readonly string[]): string | undefined =>
    keys.reduce<(typeof bars)[number] | undefined>((bar, key) => bar && barAfterKey(bars, bar, key), bars[0])
      ?.label;

  it('moves along time in a lane and stops at the ends of the lane', () => {
    expect(labelAfter('ArrowRight')).toBe('CONFIRMED');
    expect(labelAfter('ArrowRight', 'ArrowRight', 'ArrowLeft')).toBe('CONFIRMED');
    expect(labelAfter('ArrowLeft')).toBeUndefined();
    expect(labelAfter('End', 'ArrowRight')).toBeUndefined();
  });

  it('moves to the nearest bar of the next lane and skips lanes without bars', () => {
    expect(labelAfter('ArrowDown')).toBe('stock reserved');
    expect(labelAfter('End', 'ArrowDown', 'ArrowDown')).toBe('handled order.created');
    const withoutInventory = bars.filter(({ lane }) => lane !== 'inventory');
    const [first] = withoutInventory;
    expect(first && barAfterKey(withoutInventory, first, 'ArrowDown')?.lane).toBe('payment');
    expect(labelAfter('ArrowUp')).toBeUndefined();
  });

  it('goes to the first and the last bar, and ignores other keys', () => {
    expect(labelAfter('End')).toBe('PAID');
    expect(labelAfter('End', 'Home')).toBe('placed');
    expect(labelAfter('a')).toBeUndefined();
  });

  it('is described for screen readers', () => {
    expect(describeTimeline(saga)).toMatch(
      /^9 steps in 1 min 29 s\. The slowest took 30 ms: at the payment provider\. Arrow keys/,
    );
  });
});

describe('the time scale', () => {
  it('is linear during activity and shortens pauses', () => {
    const scale = timeScale([0, 50, 100, 90_100, 90_200], 656);
    expect(scale.breaks).toEqual([{ ms: 90_000, x: 300 + 28 }]);
    expect([0, 50, 100, 90_100, 90_200].map((time) => Math.round(scale.x(time)))).toEqual([
      0, 150, 300, 356, 656,
    ]);
    expect(scale.ticks.map(({ ms }) => ms)).toEqual([0, 50, 100, 90_100, 90_150, 90_200]);
  });

  it('accepts a single time and no times', () => {
    expect(timeScale([5], 100).x(5)).toBe(0);
    expect(timeScale([], 100).ticks).toEqual([]);
  });
});
