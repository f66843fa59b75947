// The saga with events in any sequence. The `decide` functions of all three services run together, and fast-check generates
// random histories: who acts when, which topic is consumed first, which events are delivered twice or repeated after a crash, which
// events are dead-lettered and replayed later, how the gateway responds, and when time passes. The invariants must hold after each
// step. This also shows that later events of a key need not wait for a dead-lettered event: an event that is rejected meanwhile
// becomes a dead letter too, and every dead letter can be replayed later.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baskets, type Step } from './model/steps.ts';
import { createModel } from './model/model.ts';
import { Violation } from './model/violation.ts';

const runs = 4_000;
const maxSteps = 140;

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
      how: fc.constantFrom('crash' as const, 'dead-letter' as const),
    }),
  },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('lease' as const), pick }) },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant('call' as const),
      pick,
      behaviour: fc.oneof(
        { weight: 5, arbitrary: fc.constant('succeed' as const) },
        { weight: 4, arbitrary: fc.constantFrom('decline', 'lost', 'dropped', 'busy') },
      ),
    }),
  },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('record' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('release', 'die'), pick }) },
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

/** The log of a history, and the invariant that the history violates, if any. */
const runHistory = (
  history: readonly Step[],
): { trace: readonly string[]; violation: string | undefined } => {
  const model = createModel();
  try {
    for (const step of history) model.apply(step);
    model.drain();
    return { trace: model.trace, violation: undefined };
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { trace: model.trace, violation: error.message };
  }
};

const report = ({ trace, violation }: ReturnType<typeof runHistory>): string =>
  [`violated invariant: ${violation ?? 'none'}`, ...trace.map((line, index) => `${index + 1}. ${line}`)].join(
    '\n',
  );

describe('the saga with events in any sequence', () => {
  it(`keeps every invariant in ${runs} histories`, { timeout: 120_000 }, () => {
    const lines = new Set<string>();
    const result = fc.check(
      fc.property(fc.array(steps, { maxLength: maxSteps, size: 'max' }), (history) => {
        const { trace, violation } = runHistory(history);
        for (const line of trace) lines.add(line.replace(/order-\d|event \d+|\d+ (cup|pen)|as \d+/g, ''));
        return violation === undefined;
      }),
      { numRuns: runs },
    );
    if (result.failed) {
      const [history] = result.counterexample ?? [[]];
      expect.fail(
        `${report(runHistory(history))}\n(seed ${result.seed}, path ${result.counterexamplePath ?? ''})`,
      );
    }
    // The invariants also hold in a model that reaches none of these states, so the states are checked separately.
    const all = [...lines].join('\n');
    for (const reached of [
      'PAID',
      'FULFILLED, emits order.fulfilled',
      'committed, emits inventory.committed',
      'expired, emits inventory.released',
      'failed, emits inventory.reservation_failed',
      'charge failed, refund none, emits payment.failed',
      'emits payment.refunded',
      'requests a refund',
      '(look_up)',
      '(nothing)',
      'sends cancel for : rejected already_shipped',
      'the deadline of : CANCELLED',
      ': duplicate',
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

describe('the model', () => {
  const once = (pick: number): Step => ({ do: 'deliver', pick, how: 'once' });
  it('can bring an order from PENDING to FULFILLED', () => {
    const model = createModel();
    model.apply({ do: 'place', basket: 0, mode: 'AUTO' });
    for (let delivery = 0; delivery < 4; delivery += 1) model.apply(once(0));
    for (const act of ['lease', 'call', 'record'] as const) {
      model.apply(act === 'call' ? { do: act, pick: 0, behaviour: 'succeed' } : { do: act, pick: 0 });
    }
    for (let delivery = 0; delivery < 10; delivery += 1) model.apply(once(0));
    model.apply({ do: 'fulfill', pick: 0, seller: 'anna' });
    model.drain();
    expect(model.trace.join('\n')).toContain('committed, emits inventory.committed');
  });

  it('lets no stalled instance charge an order after another instance has taken over its lease and abandoned the charge', () => {
    const model = createModel();
    model.apply({ do: 'place', basket: 0, mode: 'AUTO' });
    for (const queue of [0, 1, 1]) model.apply(once(queue));
    model.apply({ do: 'lease', pick: 0 });
    model.apply({ do: 'cancel', pick: 0 });
    model.apply(once(2));
    model.apply({ do: 'lease', pick: 0 });
    model.apply({ do: 'call', pick: 1, behaviour: 'succeed' });
    model.apply({ do: 'call', pick: 0, behaviour: 'dropped' });
    model.drain();
    const trace = model.trace.join('\n');
    expect(trace).toContain('(look_up) for the charge of order-1: absent');
    expect(trace).toContain('has lost its lease');
    expect(trace).toContain('the charge of order-1 abandoned');
  });
});
