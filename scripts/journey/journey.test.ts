import { describe, expect, it } from 'vitest';
import { formatJourney, type Hop } from './journey.ts';

const hops: readonly Hop[] = [
  {
    eventType: 'inventory.reserved',
    emittedBy: 'inventory',
    committedAt: 1_030.4,
    publishedAt: 1_044,
    consumptions: [
      { consumer: 'payment-service-group', committedAt: 1_052.9, outcome: 'accepted' },
      { consumer: 'order-service-group', committedAt: 1_050.2, outcome: 'accepted' },
    ],
  },
  {
    eventType: 'order.created',
    emittedBy: 'order',
    committedAt: 1_000,
    publishedAt: 1_014,
    consumptions: [{ consumer: 'inventory-service-group', committedAt: 1_030.4, outcome: 'accepted' }],
  },
];

describe('formatJourney', () => {
  it('shows events in the order of their commits, each with its consumers in the order of theirs', () => {
    expect(formatJourney(hops)).toEqual([
      'event                from        committed at   published   consumed   by',
      'order.created        order               0 ms      +14 ms     +30 ms   inventory',
      'inventory.reserved   inventory          30 ms      +14 ms     +20 ms   order',
      '                                                              +23 ms   payment',
    ]);
  });

  it('says so when nobody has consumed an event yet', () => {
    const [hop] = hops;
    if (hop === undefined) throw new Error('no hop');
    const [, line] = formatJourney([{ ...hop, publishedAt: undefined, consumptions: [] }]);
    expect(line).toMatch(/inventory\.reserved .* – +– +nobody yet$/);
  });

  it('names the reason when a consumer ignored the event', () => {
    const lines = formatJourney(
      hops.map((hop) => ({
        ...hop,
        consumptions: hop.consumptions.map((one) => ({ ...one, outcome: 'ignored: order is cancelled' })),
      })),
    );
    expect(lines[1]).toMatch(/inventory \(ignored: order is cancelled\)$/);
  });

  it('says where an event is parked, and can count from another begin', () => {
    const outcome = 'parked as a dead letter: Error|23514|order.created';
    const parked = hops.map((hop) => ({
      ...hop,
      consumptions: hop.consumptions.map((one) => ({ ...one, outcome })),
    }));
    const [, first] = formatJourney(parked, 990);
    expect(first).toMatch(
      /^order\.created +order +10 ms .* inventory \(parked as a dead letter: Error\|23514\|/,
    );
  });

  it('never shows a negative time: the record timestamp is in whole milliseconds, the commit is not', () => {
    const [hop] = hops;
    if (hop === undefined) throw new Error('no hop');
    expect(formatJourney([{ ...hop, publishedAt: hop.committedAt - 0.4 }])[1]).toContain('+0 ms');
  });
});
