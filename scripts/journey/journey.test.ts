import { describe, expect, it } from 'vitest';
import { formatJourney, type JourneyEvent } from './journey.ts';

const events: readonly JourneyEvent[] = [
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
  it('sorts events by commit time, and the consumers of an event by their commit times', () => {
    expect(formatJourney(events)).toEqual([
      'event                from        committed at   published   consumed   by',
      'order.created        order               0 ms      +14 ms     +30 ms   inventory',
      'inventory.reserved   inventory          30 ms      +14 ms     +20 ms   order',
      '                                                              +23 ms   payment',
    ]);
  });

  it('marks an event that is not consumed yet', () => {
    const [event] = events;
    if (event === undefined) throw new Error('no event');
    const [, line] = formatJourney([{ ...event, publishedAt: undefined, consumptions: [] }]);
    expect(line).toMatch(/inventory\.reserved .* – +– +not yet consumed$/);
  });

  it('names the reason when a consumer ignored the event', () => {
    const lines = formatJourney(
      events.map((event) => ({
        ...event,
        consumptions: event.consumptions.map((one) => ({ ...one, outcome: 'ignored: order is cancelled' })),
      })),
    );
    expect(lines[1]).toMatch(/inventory \(ignored: order is cancelled\)$/);
  });

  it('shows a dead letter, and times relative to a given start', () => {
    const outcome = 'parked as a dead letter: Error|23514|order.created';
    const deadLettered = events.map((event) => ({
      ...event,
      consumptions: event.consumptions.map((one) => ({ ...one, outcome })),
    }));
    const [, first] = formatJourney(deadLettered, 990);
    expect(first).toMatch(
      /^order\.created +order +10 ms .* inventory \(parked as a dead letter: Error\|23514\|/,
    );
  });

  it('never shows a negative time: a record timestamp has whole milliseconds, a commit time has fractions', () => {
    const [event] = events;
    if (event === undefined) throw new Error('no event');
    expect(formatJourney([{ ...event, publishedAt: event.committedAt - 0.4 }])[1]).toContain('+0 ms');
  });
});
