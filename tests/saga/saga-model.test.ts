// The saga under every order of events. The pure decisions of all three services run joined together; fast-check invents
// the histories: who acts when, which topic runs ahead of which, what is delivered twice, what a crash repeats, what is
// dead-lettered and replayed at any later point, what the gateway answers and when time passes. The invariants hold after
// each step of each history. This is also why later events of a key need not wait behind a dead-lettered one: any event may
// be missing for any time and be delivered last, out of order, and nothing breaks meanwhile or afterwards.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baskets, type Step } from './model/steps.ts';
import { createWorld } from './model/world.ts';
import { Violation } from './model/violation.ts';

const runs = 4_000;
const longest = 140;

const pick = fc.nat(30);
const steps = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('place' as const),
      basket: fc.nat(baskets.length - 1),
      mode: fc.constantFrom('AUTO' as const, 'MANUAL' as const),
    }),
  },
  {
    weight: 40,
    arbitrary: fc.record({ do: fc.constant('deliver' as const), pick, how: fc.constant('once' as const) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      pick,
      how: fc.constantFrom('crash' as const, 'park' as const),
    }),
  },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('lease' as const), pick }) },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      pick,
      fate: fc.oneof(
        { weight: 5, arbitrary: fc.constant('succeed' as const) },
        { weight: 4, arbitrary: fc.constantFrom('decline', 'lost', 'dropped', 'busy') },
      ),
    }),
  },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('record' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('turn away', 'die'), pick }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pay' as const), pick }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('confirm', 'fulfill', 'fulfill'),
      pick,
      seller: fc.constantFrom('anna', 'ben'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('expire', 'check the deadline'), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 16, 31) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('rewind' as const), pick, by: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('replay', 'publish again'), pick }) },
);

/** The history of the steps, and which invariant it breaks, if any. */
const live = (history: readonly Step[]): { story: readonly string[]; broken: string | undefined } => {
  const world = createWorld();
  try {
    for (const step of history) world.take(step);
    world.drain();
    return { story: world.story, broken: undefined };
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { story: world.story, broken: error.message };
  }
};

const tale = ({ story, broken }: ReturnType<typeof live>): string =>
  [`broken: ${broken ?? 'nothing'}`, ...story.map((line, index) => `${index + 1}. ${line}`)].join('\n');

describe('the saga, whatever happens in whatever order', () => {
  it(`keeps every invariant in ${runs} histories`, { timeout: 120_000 }, () => {
    const told = new Set<string>();
    const result = fc.check(
      fc.property(fc.array(steps, { maxLength: longest, size: 'max' }), (history) => {
        const { story, broken } = live(history);
        for (const line of story) told.add(line.replace(/order-\d|event \d+|\d+ (cup|pen)|as \d+/g, ''));
        return broken === undefined;
      }),
      { numRuns: runs },
    );
    if (result.failed) {
      const [history] = result.counterexample ?? [[]];
      expect.fail(`${tale(live(history))}\n(seed ${result.seed}, path ${result.counterexamplePath ?? ''})`);
    }
    // A model that never gets anywhere would keep every invariant too.
    const all = [...told].join('\n');
    for (const reached of [
      'PAID',
      'FULFILLED, emits order.fulfilled',
      'committed, emits inventory.committed',
      'expired, emits inventory.released',
      'failed, emits inventory.reservation_failed',
      'charge failed, refund none, emits payment.failed',
      'emits payment.refunded',
      'asks for a refund',
      '(look_up)',
      '(nothing)',
      'says cancel to : rejected already_shipped',
      'the deadline of : CANCELLED',
      'known, nothing happens',
      'replays payment.succeeded',
      'inventory handles order.created (): ignored reservation_already_released',
      'the charge of  succeeded: charge succeeded, refund started',
      'the charge of  succeeded: ignored charge_already_succeeded',
      'has lost its lease',
    ]) {
      expect(all.includes(reached), `a history reaches "${reached}"`).toBe(true);
    }
  });
});

describe('the model itself', () => {
  const once = (pick: number): Step => ({ do: 'deliver', pick, how: 'once' });
  it('plays the happy way to its end', () => {
    const world = createWorld();
    world.take({ do: 'place', basket: 0, mode: 'AUTO' });
    for (let delivery = 0; delivery < 4; delivery += 1) world.take(once(0));
    for (const act of ['lease', 'ask', 'record'] as const) {
      world.take(act === 'ask' ? { do: act, pick: 0, fate: 'succeed' } : { do: act, pick: 0 });
    }
    for (let delivery = 0; delivery < 10; delivery += 1) world.take(once(0));
    world.take({ do: 'fulfill', pick: 0, seller: 'anna' });
    world.drain();
    expect(world.story.join('\n')).toContain('committed, emits inventory.committed');
  });

  it('an instance that stalls before its call must not charge what another one gives up meanwhile', () => {
    const world = createWorld();
    world.take({ do: 'place', basket: 0, mode: 'AUTO' });
    for (const queue of [0, 1, 1]) world.take(once(queue));
    world.take({ do: 'lease', pick: 0 });
    world.take({ do: 'cancel', pick: 0 });
    world.take(once(2));
    world.take({ do: 'lease', pick: 0 });
    world.take({ do: 'ask', pick: 1, fate: 'succeed' });
    world.take({ do: 'ask', pick: 0, fate: 'dropped' });
    world.drain();
    const story = world.story.join('\n');
    expect(story).toContain('(look_up) for the charge of order-1: absent');
    expect(story).toContain('has lost its lease');
    expect(story).toContain('the charge of order-1 abandoned');
  });
});
