// Random histories on the real stack. fast-check generates requests and faults, four clients send the requests over HTTP
// concurrently, and no operator intervenes. Every response must have an expected status, and the invariants must hold. Every
// final state must be possible after its history; `contradiction`, which the model tests also use, checks this. A failure prints
// the history and the SEED. A run with the same SEED begins with the same steps, but with different timing.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { serviceNames, type ServiceName } from '../../scripts/stack/topology.ts';
import type { OrderStatus } from '../../services/order/domain/order.ts';
import { expectAuditorGreen } from '../support/audit.ts';
import { expectInvariants } from '../support/invariants.ts';
import { baskets, type Step as ModelStep } from './model/steps.ts';
import { contradiction, allowedTransitions, type OrderHistory } from './model/final-states.ts';
import {
  arm,
  call,
  disarm,
  eventually,
  faultRounds,
  inParallel,
  newProduct,
  order,
  query,
  stack,
  type Answer,
  type Misbehaviour,
  type OrderView,
  type Person,
} from '../support/shop.ts';
import { ageOrder, expireReservation } from '../support/time.ts';

const stepsPerHistory = faultRounds > 1 ? 500 : 300;
const clients = 4;
/** A crash delays an order for less time than this: the lease of a dead instance ends after 9 s (GATEWAY_TIMEOUT_MS + 5 s), and
 *  after repeated crashes the supervisor waits up to 15 s before it restarts the instance. */
const settleMs = faultRounds > 1 ? 240_000 : 120_000;

type Step =
  | Extract<
      ModelStep,
      { readonly do: 'cancel' | 'pay' | 'expire' | 'check the deadline' | 'confirm' | 'fulfill' }
    >
  | {
      readonly do: 'place';
      readonly basket: number;
      readonly times: number;
      readonly mode: 'AUTO' | 'MANUAL';
      readonly token: string;
      readonly as: Person;
    }
  | { readonly do: 'restock'; readonly product: 'cup' | 'pen'; readonly units: number }
  | {
      readonly do: 'arm a fault';
      readonly service: ServiceName;
      readonly fault: Readonly<Record<string, unknown>>;
    }
  | { readonly do: 'set the gateway behaviour'; readonly behaviour: Misbehaviour }
  | { readonly do: 'wait'; readonly ms: number };

/** Selects one of the newest orders. These orders are in flight, so the command races with their events. */
const pick = fc.nat(15);
const seller = fc.constantFrom('anna' as const, 'ben' as const);
const service = fc.constantFrom(...serviceNames);

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      do: fc.constant('place' as const),
      basket: fc.nat(baskets.length - 1),
      times: fc.integer({ min: 1, max: 2 }),
      mode: fc.constantFrom('AUTO' as const, 'AUTO' as const, 'MANUAL' as const),
      token: fc.oneof(
        { weight: 6, arbitrary: fc.constant('tok_success') },
        {
          weight: 3,
          arbitrary: fc.constantFrom('tok_declined', 'tok_insufficient_funds', 'tok_charge_then_drop'),
        },
      ),
      as: fc.constantFrom('user' as const, 'user2' as const),
    }),
  },
  {
    weight: 24,
    arbitrary: fc.record({ do: fc.constantFrom('confirm', 'fulfill', 'fulfill'), pick, seller }),
  },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('pay' as const), pick }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('cancel' as const), pick }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('expire', 'check the deadline'), pick }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('restock' as const),
      product: fc.constantFrom('cup', 'pen'),
      units: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('arm a fault' as const),
      service,
      fault: fc.oneof(
        fc.record({
          point: fc.constant('before-handling'),
          action: fc.constant('repeat'),
          times: fc.integer({ min: 1, max: 9 }),
        }),
        fc.record({
          point: fc.constant('before-handling'),
          action: fc.constant('delay'),
          times: fc.integer({ min: 1, max: 3 }),
          delayMs: fc.constantFrom(50, 400),
        }),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('arm a fault' as const),
      service,
      fault: fc.record({
        point: fc.constantFrom('after-claim', 'after-effects', 'after-commit'),
        action: fc.constant('crash'),
      }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant({
      do: 'arm a fault' as const,
      service: 'payment' as const,
      fault: { point: 'after-remote-answer', action: 'crash' },
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('set the gateway behaviour' as const),
      behaviour: fc.constantFrom<Misbehaviour>(
        { mode: 'normal' },
        { mode: 'normal' },
        { mode: 'error', rate: 0.3 },
        { mode: 'decline', rate: 0.3 },
        { mode: 'slow', rate: 0.5, latencyMs: 400 },
        { mode: 'charge_then_drop', rate: 0.5 },
        // Used only in long runs, because each hanging call lasts until its timeout.
        ...(faultRounds > 1 ? [{ mode: 'hang', rate: 0.1 } as const] : []),
      ),
    }),
  },
  {
    weight: 36,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(50, 200, 600),
    }),
  },
);

/** The statuses that a response may have in these histories. A 5xx is not listed, because the request is then sent again. */
const expectedStatuses: Readonly<Record<string, readonly number[]>> = {
  place: [201],
  cancel: [200, 409],
  confirm: [200, 404, 409],
  fulfill: [200, 404, 409],
  pay: [200, 202, 404, 409],
  restock: [200],
};
const sellers: Readonly<Record<'anna' | 'ben', Person>> = { anna: 'seller', ben: 'seller2' };

/** An order, with the results that its clients have received. */
interface Placed {
  readonly id: string;
  readonly name: string;
  readonly as: Person;
  readonly mode: 'AUTO' | 'MANUAL';
  readonly token: string;
  readonly sellers: ReadonlySet<string>;
  readonly shippedBy: Set<string>;
  /** Whether a cancellation got the response 200. */
  cancelConfirmed: boolean;
  paid: boolean;
  expired: boolean;
}

const pageShape = z.object({ data: z.array(z.object({ id: z.string() })) });
const paidOrders = async (as: Person): Promise<ReadonlySet<string>> => {
  const { body } = await call('order', '/api/v1/orders?status=PAID&limit=100', { as });
  return new Set(pageShape.parse(body).data.map(({ id }) => id));
};

/** Performs the history that belongs to a seed, and logs its steps. */
async function run(seed: number, log: (line: string) => void): Promise<Placed[]> {
  const [history = []] = fc.sample(
    fc.array(steps, { minLength: stepsPerHistory, maxLength: stepsPerHistory, size: 'max' }),
    { seed, numRuns: 1 },
  );
  const products = { cup: await newProduct(12, sellers.anna), pen: await newProduct(16, sellers.ben) };
  const ownerOf = { cup: 'anna', pen: 'ben' } as const;
  const placed: Placed[] = [];
  const newest = (candidates: readonly Placed[], nth: number): Placed | undefined =>
    candidates[candidates.length - 1 - (nth % Math.max(1, candidates.length))];
  /** Chooses an order as a person would: sellers choose PAID orders, and customers who pay choose unpaid MANUAL orders. */
  const choose = async (step: Extract<Step, { readonly pick: number }>): Promise<Placed | undefined> => {
    // About a third of the steps choose one of the newest orders, whatever its status is.
    if (step.pick % 3 === 0) return newest(placed, step.pick);
    if (step.do === 'pay')
      return newest(
        placed.filter(({ mode, paid }) => mode === 'MANUAL' && !paid),
        step.pick,
      );
    if (!('seller' in step)) return newest(placed, step.pick);
    const paid = await eventually(`${step.seller} sees the PAID orders`, () =>
      paidOrders(sellers[step.seller]),
    );
    return newest(
      placed.filter(({ id, shippedBy }) => paid.has(id) && !shippedBy.has(step.seller)),
      step.pick,
    );
  };

  /** Repeats a request until the response is not 5xx, as a client does when the service has crashed. */
  const sendUntilAnswered = async (
    action: string,
    subject: string,
    send: () => Promise<Answer>,
  ): Promise<Answer> => {
    const answer = await eventually(
      `${action} of ${subject} is answered`,
      async () => {
        const answered = await send();
        if (answered.status >= 500) throw new Error(`answered ${answered.status}`);
        return answered;
      },
      60_000,
    );
    log(`${action} ${subject}: ${answer.status}`);
    expect(expectedStatuses[action], `${action}: ${JSON.stringify(answer.body)}`).toContain(answer.status);
    return answer;
  };

  const perform = async (step: Step): Promise<void> => {
    switch (step.do) {
      case 'place': {
        const lines = baskets[step.basket] ?? [];
        const items = lines.map(([name, quantity]) => ({
          productId: products[name === 'cup' ? 'cup' : 'pen'].id,
          quantity: quantity * step.times,
        }));
        const { mode, token, as } = step;
        const payment = { mode, method: 'card', ...(mode === 'AUTO' ? { token } : {}) };
        const headers = { 'idempotency-key': randomUUID() };
        const { body } = await sendUntilAnswered('place', `${mode} ${token}`, () =>
          call('order', '/api/v1/orders', { as, headers, body: { items, payment } }),
        );
        const id = String(Object(body).id);
        placed.push({
          id,
          name: `order ${placed.length + 1}`,
          as,
          mode,
          token,
          sellers: new Set(lines.map(([name]) => ownerOf[name === 'cup' ? 'cup' : 'pen'])),
          shippedBy: new Set(),
          cancelConfirmed: false,
          paid: false,
          expired: false,
        });
        return;
      }
      case 'cancel':
      case 'confirm':
      case 'fulfill': {
        const target = await choose(step);
        if (!target) return;
        const as = 'seller' in step ? sellers[step.seller] : target.as;
        const { status } = await sendUntilAnswered(step.do, target.name, () =>
          call('order', `/api/v1/orders/${target.id}/${step.do}`, { as, method: 'POST' }),
        );
        if (status !== 200) return;
        if (step.do === 'cancel') target.cancelConfirmed = true;
        if ('seller' in step && step.do === 'fulfill') target.shippedBy.add(step.seller);
        return;
      }
      case 'pay': {
        const target = await choose(step);
        if (!target) return;
        const { status } = await sendUntilAnswered('pay', target.name, () =>
          call('payment', `/api/v1/payments/${target.id}/pay`, {
            as: target.as,
            body: { token: target.token },
          }),
        );
        if (status < 300) target.paid = true;
        return;
      }
      case 'expire':
      case 'check the deadline': {
        const target = await choose(step);
        if (!target) return;
        target.expired = true;
        await (step.do === 'expire' ? expireReservation(target.id) : ageOrder(target.id));
        log(`${step.do} ${target.name}`);
        return;
      }
      case 'restock': {
        await sendUntilAnswered('restock', `${step.units} ${step.product}`, () =>
          call('inventory', `/api/v1/products/${products[step.product].id}/restock`, {
            as: sellers[ownerOf[step.product]],
            body: { quantity: step.units },
          }),
        );
        return;
      }
      case 'arm a fault':
        await eventually(`a fault is armed in ${step.service}`, async () => {
          await arm(step.service, step.fault);
          return true;
        });
        log(`arm a fault in ${step.service}: ${JSON.stringify(step.fault)}`);
        return;
      case 'set the gateway behaviour':
        await call('gateway', '/v1/behaviour', { method: 'PUT', body: step.behaviour });
        log(`set the gateway behaviour ${JSON.stringify(step.behaviour)}`);
        return;
      case 'wait':
        await delay(step.ms);
        return;
      default:
        step satisfies never;
    }
  };

  try {
    await inParallel(history.length, clients, async (index) => {
      const step = history[index];
      if (step) await perform(step);
    });
  } finally {
    await call('gateway', '/v1/behaviour', { method: 'PUT', body: { mode: 'normal' } });
    for (const name of serviceNames)
      await eventually(`${name} is disarmed`, async () => (await disarm(name)).status === 200);
  }
  return placed;
}

/** Waits until every order has a final status. Makes the reservations of unpaid orders expire now instead of after half an hour. */
const waitForFinalStatuses = (placed: readonly Placed[]): Promise<readonly OrderView[]> =>
  eventually(
    'every order has a final status',
    async () => {
      const views = await inParallel(placed.length, 8, (index) => order(placed[index]?.id ?? ''));
      const open = placed.filter((_, index) => ['PENDING', 'CONFIRMED'].includes(views[index]?.status ?? ''));
      for (const target of open) {
        if (target.mode === 'AUTO' || target.paid) continue;
        target.expired = true;
        await expireReservation(target.id);
      }
      if (open.length > 0) {
        const openViews = views.filter(({ id }) => open.some((placedOrder) => placedOrder.id === id));
        throw new Error(`in flight: ${JSON.stringify(open)}; ${JSON.stringify(openViews)}`);
      }
      return views;
    },
    settleMs,
  );

const declinedOrders = async (): Promise<ReadonlySet<string>> => {
  const { body } = await call('gateway', '/v1/ledger?limit=50000');
  const charges: { readonly reference: string; readonly status: string }[] = Object(body).charges;
  return new Set(charges.filter(({ status }) => status === 'declined').map(({ reference }) => reference));
};

/** Each order has made only allowed transitions, and its final state is possible after its history. An order whose cancellation
 *  was confirmed is CANCELLED. */
async function expectPossibleFinalStates(
  placed: readonly Placed[],
  views: readonly OrderView[],
): Promise<void> {
  const declined = await declinedOrders();
  const ids = placed.map(({ id }) => id);
  const entries = await query<{ order_id: string; type: string; status: OrderStatus }>(
    'order',
    (sql) => sql`select order_id, type, status from order_events
      where order_id in ${sql(ids)} and outcome = 'accepted' order by order_id, sequence`,
  );
  for (const [position, target] of placed.entries()) {
    const history = entries.filter((entry) => entry.order_id === target.id);
    for (const [index, { status }] of history.entries()) {
      const previous = history[index - 1]?.status ?? 'PENDING';
      expect(allowedTransitions[previous], `${target.name} goes from ${previous} to ${status}`).toContain(
        status,
      );
    }
    const view = views[position];
    const status = history.at(-1)?.status ?? 'PENDING';
    const reason = view?.cancellationReason ?? null;
    expect(view?.status).toBe(status);
    const cancelled = history.some(({ type }) => type === 'cancel');
    const effects: OrderHistory = { ...target, cancelled, declined: declined.has(target.id) };
    const impossible = contradiction(effects, { status, reason });
    expect(
      impossible,
      `${target.name} is ${status} (${String(reason)}) after ${JSON.stringify(target)}`,
    ).toBeUndefined();
    if (target.cancelConfirmed)
      expect(status, `${target.name}, whose cancellation was confirmed`).toBe('CANCELLED');
  }
}

it.each(Array.from({ length: faultRounds }, (_, round) => stack.seed + round))(
  `the saga keeps every invariant in a history of ${stepsPerHistory} steps (seed %i)`,
  { timeout: 600_000 },
  async (seed) => {
    const startedAt = performance.now();
    const log: string[] = [];
    try {
      const placed = await run(seed, (line) => {
        log.push(`${((performance.now() - startedAt) / 1000).toFixed(2)} s  ${line}`);
      });
      const views = await waitForFinalStatuses(placed);
      await expectPossibleFinalStates(placed, views);
      // A refund may have to wait until the lease of a dead instance has ended.
      await expectAuditorGreen();
      await expectInvariants(placed.map(({ id }) => id));
      // The invariants also hold in a history without any effect, so the effects are checked separately.
      const cancelled = views.filter(({ status }) => status === 'CANCELLED').length;
      expect(cancelled).toBeGreaterThan(0);
      expect(cancelled).toBeLessThan(views.length);
    } catch (error) {
      throw new Error(`a run with SEED=${seed} begins with the same steps\n${log.join('\n')}`, {
        cause: error,
      });
    }
  },
);
