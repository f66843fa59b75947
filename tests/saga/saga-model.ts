// The three services as one machine of memory and pure decisions: what the shell, the outbox, Kafka, the inbox, the timers
// and the gateway may do to a saga, as steps that can be taken in any order. Real are the decisions; everything around
// them is the least that the design promises, so what holds in here does not depend on luck outside.
import {
  eventCatalogue,
  type DomainEvent,
  type PaymentMode,
  type Topic,
} from '../../schemas/generated/events.ts';
import { decide as decideReservation } from '../../services/inventory/domain/reservation.ts';
import type { Reservation, ReservationInput, Stock } from '../../services/inventory/domain/reservation.ts';
import { decide as decideOrder, type OrderInput } from '../../services/order/domain/decide.ts';
import { statusOf, type Order, type OrderStatus } from '../../services/order/domain/order.ts';
import { placeOrder, type CatalogueItem } from '../../services/order/domain/place-order.ts';
import { answerOf, whatToAsk, type GatewayResult } from '../../services/payment/domain/ask.ts';
import {
  decide as decidePayment,
  type GatewayAnswer,
  type PaymentInput,
} from '../../services/payment/domain/decide.ts';
import { unknownPayment, type GatewayRequest, type Payment } from '../../services/payment/domain/payment.ts';

export const groups = ['order', 'inventory', 'payment'] as const;
export type Group = (typeof groups)[number];

const minutes = 60_000;
export const ttlMs = 30 * minutes;
export const deadlineMs = 45 * minutes;
export const mostOrders = 3;

const price = { amountMinor: 1_000, currency: 'EUR' };
const product = (productId: string, sellerId: string): [string, CatalogueItem] => [
  productId,
  { productId, sellerId, name: productId, price, version: 1 },
];
/** Two products of two sellers, few enough units that three orders compete for them. */
const catalogue = new Map([product('cup', 'anna'), product('pen', 'ben')]);
const unitsAtStart = new Map([
  ['cup', 2],
  ['pen', 3],
]);
/** What can be ordered: one seller, both sellers, the same product on two lines, more than there is. */
export const baskets: readonly (readonly [string, number][])[] = [
  [['cup', 1]],
  [['pen', 2]],
  [
    ['cup', 1],
    ['pen', 1],
  ],
  [
    ['cup', 1],
    ['cup', 1],
  ],
  [
    ['pen', 1],
    ['cup', 3],
  ],
];
const customerId = 'carl';

/**
 * One thing that happens. A `pick` chooses among whatever there is to choose from at that moment; a step for which there is
 * nothing does nothing, so every list of steps is a possible history.
 */
export type Step =
  | { readonly do: 'place'; readonly basket: number; readonly mode: 'AUTO' | 'MANUAL' }
  | { readonly do: 'cancel' | 'pay' | 'expire' | 'check the deadline'; readonly pick: number }
  | { readonly do: 'confirm' | 'fulfill'; readonly pick: number; readonly seller: 'anna' | 'ben' }
  /** `crash`: after the commit, before the offset advanced. `park`: as a dead letter, unhandled. */
  | { readonly do: 'deliver'; readonly pick: number; readonly how: 'once' | 'crash' | 'park' }
  /** The offset of one key falls back, as after a rebalance. */
  | { readonly do: 'rewind'; readonly pick: number; readonly by: number }
  /** A dead letter is handled now, whatever came in between. */
  | { readonly do: 'replay'; readonly pick: number }
  /** An event of the past is published once more, as another event. */
  | { readonly do: 'publish again'; readonly pick: number }
  | { readonly do: 'lease' | 'turn away' | 'die' | 'record'; readonly pick: number }
  | { readonly do: 'ask'; readonly pick: number; readonly fate: Fate }
  | { readonly do: 'wait'; readonly minutes: number };

/** What befalls one call of the gateway. `lost`: never arrived. `dropped`: carried out, but the answer never arrived. */
export type Fate = 'succeed' | 'decline' | 'lost' | 'dropped' | 'busy';

interface Published {
  readonly id: number;
  readonly event: DomainEvent;
}
interface Queue {
  readonly group: Group;
  readonly topic: Topic;
  readonly orderId: string;
  readonly log: readonly Published[];
}
interface Asked {
  readonly request: GatewayRequest;
  readonly orderId: string;
  state: 'due' | 'unknown' | GatewayAnswer['outcome'];
  attempts: number;
  /** Which lease is the current one. */
  lease: number;
}
/** An instance at work on one request. Once its lease has ended it asks no more, but may still record an answer it has. */
interface Worker {
  readonly asked: Asked;
  readonly attempts: number;
  readonly lease: number;
  readonly calledOff: boolean;
  answer: GatewayAnswer | null;
}
interface Charge {
  readonly id: string;
  readonly orderId: string;
  readonly amount: number;
  readonly declined: boolean;
}
interface Refund {
  readonly id: string;
  readonly chargeId: string;
  readonly amount: number;
}

const consumes: Record<Group, readonly Topic[]> = {
  order: ['inventory-events', 'payment-events'],
  inventory: ['order-events', 'payment-events'],
  payment: ['order-events', 'inventory-events'],
};
/** What may follow a status, also with inputs in between that change no status. */
export const legal: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  PENDING: ['PENDING', 'CONFIRMED', 'PAID', 'CANCELLED'],
  CONFIRMED: ['CONFIRMED', 'PAID', 'CANCELLED'],
  PAID: ['PAID', 'FULFILLED', 'CANCELLED'],
  FULFILLED: ['FULFILLED'],
  CANCELLED: ['CANCELLED'],
};

/** What befell one order from outside, as far as it took effect. */
export interface Befallen {
  readonly mode: PaymentMode;
  readonly sellers: ReadonlySet<string>;
  /** Sellers who shipped their lines. */
  readonly shippedBy: ReadonlySet<string>;
  /** Its customer cancelled it. */
  readonly cancelled: boolean;
  /** Its customer paid by hand. */
  readonly paid: boolean;
  /** The provider refused its card. */
  readonly declined: boolean;
  /** Its hold or its deadline ran out before it was PAID. */
  readonly late: boolean;
}
export interface End {
  readonly status: OrderStatus;
  readonly reason: string | null;
}

/** Why an order that came to rest cannot have come to this end, or nothing when it can. */
export function impossibleEnd(befallen: Befallen, { status, reason }: End): string | undefined {
  const { mode, sellers, shippedBy, cancelled, paid, declined, late } = befallen;
  const wrong: Readonly<Record<string, boolean>> = {
    'it has no end': status === 'PENDING' || status === 'CONFIRMED',
    'its customer cancelled it, and nothing else can be the reason':
      cancelled !== (reason === 'customer_cancelled'),
    'no card was refused': reason === 'payment_failed' && !declined,
    'it was not late': reason === 'reservation_expired' && !late,
    'its card was refused': declined && status !== 'CANCELLED',
    'nobody paid for it': mode === 'MANUAL' && !paid && (status === 'PAID' || status === 'FULFILLED'),
    'some of it is shipped': shippedBy.size > 0 && status === 'CANCELLED',
    'FULFILLED is what all its sellers have shipped':
      (status === 'FULFILLED') !== [...sellers].every((seller) => shippedBy.has(seller)),
  };
  return Object.entries(wrong).find(([, isSo]) => isSo)?.[0];
}

/** An invariant does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';
}
const must = (holds: boolean, invariant: string): void => {
  if (!holds) throw new Violation(invariant);
};

export interface World {
  /** Takes one step and checks every invariant that must hold at any moment. */
  take(step: Step): void;
  /** Lets everything that is under way come to its end, then checks what must hold at rest. */
  drain(): void;
  /** What happened, a line per effect. */
  readonly story: readonly string[];
}

/** A shop in which nothing has happened yet. */
export function createWorld(): World {
  const story: string[] = [];
  const tell = (line: string): void => {
    story.push(line);
  };
  const started = Date.parse('2026-01-01T10:00:00Z');
  let clock = started;
  const now = (): Date => new Date(clock);

  const orders = new Map<string, Order>();
  const reservations = new Map<string, Reservation>();
  const stock = new Map<string, Stock>();
  for (const [productId, available] of unitsAtStart) stock.set(productId, { available, reserved: 0 });
  const payments = new Map<string, Payment>();
  const requests: Asked[] = [];
  let workers: Worker[] = [];
  const charges = new Map<string, Charge>();
  const refunds = new Map<string, Refund>();
  const lastStatus = new Map<string, OrderStatus>();
  /** Orders of which the inventory knows that they are off. */
  const offForInventory = new Set<string>();
  /** Commands and timers that took effect, per order. */
  const effects = new Map<string, Set<string>>();
  const tookEffect = (orderId: string, what: string): void => {
    effects.set(orderId, (effects.get(orderId) ?? new Set()).add(what));
  };

  let published = 0;
  const logs = new Map<string, Published[]>();
  const offsets = new Map<string, number>();
  const inbox = new Set<string>();
  let deadLetters: { readonly group: Group; readonly record: Published }[] = [];
  let anythingParked = false;

  const logOf = (topic: Topic, orderId: string): Published[] => {
    const name = `${topic} ${orderId}`;
    const log = logs.get(name) ?? [];
    logs.set(name, log);
    return log;
  };
  const queues = (): Queue[] =>
    [...orders.keys()].flatMap((orderId) =>
      groups.flatMap((group) =>
        consumes[group].map((topic) => ({ group, topic, orderId, log: logOf(topic, orderId) })),
      ),
    );
  const nameOf = ({ group, topic, orderId }: Queue): string => `${group} ${topic} ${orderId}`;
  const offsetOf = (queue: Queue): number => offsets.get(nameOf(queue)) ?? 0;

  const publish = (events: readonly DomainEvent[]): string => {
    for (const event of events) {
      if (event.type === 'inventory.product_changed') continue;
      published += 1;
      logOf(eventCatalogue[event.type].topic, event.data.orderId).push({ id: published, event });
    }
    return events.map((event) => `, emits ${event.type}`).join('');
  };

  /** What came of an input: said in the story, and `rejected` only where nothing was changed. */
  interface Came {
    readonly kind: 'accepted' | 'ignored' | 'rejected';
    readonly text: string;
  }

  const toOrder = (orderId: string, input: OrderInput): Came => {
    const order = orders.get(orderId);
    if (!order) throw new Error(`there is no order ${orderId}`);
    const decision = decideOrder(input, order);
    if (decision.kind === 'rejected') return { kind: 'rejected', text: decision.code };
    if (decision.kind === 'ignored') return { kind: 'ignored', text: decision.reason };
    must(decision.state.version === order.version + 1, 'an accepted input counts one version');
    orders.set(orderId, decision.state);
    return { kind: 'accepted', text: `${statusOf(decision.state)}${publish(decision.events)}` };
  };

  const toReservation = (input: ReservationInput): Came => {
    const { orderId } = input.data;
    const reservation = reservations.get(orderId) ?? null;
    const decision = decideReservation(input, { reservation, stock });
    if (decision.kind === 'rejected') return { kind: 'rejected', text: decision.code };
    if (decision.kind === 'ignored') return { kind: 'ignored', text: decision.reason };
    const { state, events } = decision;
    for (const [productId, units] of state.stock) stock.set(productId, units);
    if (state.reservation) reservations.set(orderId, state.reservation);
    return { kind: 'accepted', text: `${state.reservation?.state ?? 'nothing'}${publish(events)}` };
  };

  const toPayment = (input: PaymentInput): Came => {
    const { orderId } = input.data;
    const payment = payments.get(orderId) ?? unknownPayment(orderId, now());
    const decision = decidePayment(input, { payment, request: null });
    if (decision.kind === 'rejected') return { kind: 'rejected', text: decision.code };
    if (decision.kind === 'ignored') return { kind: 'ignored', text: decision.reason };
    const { state, events } = decision;
    payments.set(orderId, state.payment);
    const { request } = state;
    if (input.type === 'gateway_answered') {
      const { answer } = input.data;
      for (const asked of requests) {
        if (asked.orderId === orderId && asked.request.kind === answer.kind) asked.state = answer.outcome;
      }
    }
    if (request) {
      const off = state.payment.closedBy !== null;
      must(
        off === (request.kind === 'refund'),
        `a sale that is ${off ? 'off' : 'on'} asks for no ${request.kind}`,
      );
      const before = requests.filter((asked) => asked.orderId === orderId);
      must(
        before.every((asked) => asked.request.kind !== request.kind),
        `at most one ${request.kind} is asked for per order`,
      );
      requests.push({ request, orderId, state: 'due', attempts: 0, lease: 0 });
    }
    const { charge, refund, closedBy } = state.payment;
    const facts = `charge ${charge}, refund ${refund}${closedBy === null ? '' : `, off by ${closedBy}`}`;
    const asks = request ? `, asks for a ${request.kind}` : '';
    return { kind: 'accepted', text: `${facts}${asks}${publish(events)}` };
  };

  /** The subscriptions: undefined for an event that the group passes over. */
  const handlers: Record<Group, (event: DomainEvent) => Came | undefined> = {
    order: (event) => {
      switch (event.type) {
        case 'inventory.reserved':
        case 'inventory.reservation_failed':
        case 'inventory.released':
        case 'inventory.committed':
        case 'payment.succeeded':
        case 'payment.failed':
        case 'payment.refunded':
          return toOrder(event.data.orderId, { ...event, at: now() });
        default:
          return undefined;
      }
    },
    inventory: (event) => {
      switch (event.type) {
        case 'order.created':
        case 'order.cancelled':
        case 'order.fulfilled':
        case 'payment.succeeded':
        case 'payment.failed':
          return toReservation({ ...event, at: now(), ttlMs });
        default:
          return undefined;
      }
    },
    payment: (event) => {
      switch (event.type) {
        case 'order.created':
        case 'order.cancelled':
        case 'inventory.reserved':
        case 'inventory.reservation_failed':
        case 'inventory.released':
          return toPayment({ ...event, at: now() });
        default:
          return undefined;
      }
    },
  };

  /** The inbox and the handler, one transaction: claimed exactly when it took effect. */
  const handle = (group: Group, record: Published, how: string): Came['kind'] => {
    const { id, event } = record;
    const what = `${group} ${how} ${event.type} (event ${id})`;
    if (inbox.has(`${group} ${id}`)) {
      tell(`${what}: known, nothing happens`);
      return 'ignored';
    }
    const came = handlers[group](event);
    if (!came) return 'ignored';
    tell(`${what}: ${came.kind === 'accepted' ? '' : `${came.kind} `}${came.text}`);
    if (came.kind !== 'rejected') inbox.add(`${group} ${id}`);
    if (group === 'inventory' && event.type === 'order.cancelled') offForInventory.add(event.data.orderId);
    return came.kind;
  };

  const park = (group: Group, record: Published): void => {
    if (deadLetters.some((letter) => letter.group === group && letter.record === record)) return;
    deadLetters.push({ group, record });
  };

  const deliver = (queue: Queue, how: 'once' | 'crash' | 'park'): void => {
    const offset = offsetOf(queue);
    const record = queue.log[offset];
    if (!record) return;
    if (how === 'park') {
      anythingParked = true;
      tell(`${queue.group} parks ${record.event.type} (event ${record.id})`);
      park(queue.group, record);
    } else if (handle(queue.group, record, 'handles') === 'rejected') {
      must(anythingParked, 'an event is refused only because an earlier one was parked');
      park(queue.group, record);
    }
    if (how === 'crash') tell(`${queue.group} dies before its offset advances`);
    else offsets.set(nameOf(queue), offset + 1);
  };

  const replay = (letter: (typeof deadLetters)[number]): boolean => {
    if (handle(letter.group, letter.record, 'replays') === 'rejected') return false;
    deadLetters = deadLetters.filter((other) => other !== letter);
    return true;
  };

  /** The provider: one key, one effect. */
  const provider = (asked: Asked, ask: 'charge' | 'refund' | 'look_up', fate: Fate): GatewayResult => {
    const { idempotencyKey, amount, chargeId } = asked.request;
    const lost: GatewayResult = { kind: 'unknown', error: 'no answer', timedOut: true };
    if (fate === 'lost') return lost;
    if (fate === 'busy') return { kind: 'in_progress' };
    if (ask === 'refund') {
      const known = refunds.get(idempotencyKey);
      const refund = known ?? {
        id: `refund ${refunds.size + 1}`,
        chargeId: chargeId ?? 'none',
        amount: amount.amountMinor,
      };
      if (!known) {
        if (fate === 'decline') return { kind: 'refused', code: 'refund_exceeds_charge' };
        refunds.set(idempotencyKey, refund);
      }
      return fate === 'dropped' ? lost : { kind: 'succeeded', gatewayId: refund.id };
    }
    let charge = charges.get(idempotencyKey);
    if (ask === 'charge' && !charge) {
      charge = {
        id: `charge ${charges.size + 1}`,
        orderId: asked.orderId,
        amount: amount.amountMinor,
        declined: fate === 'decline',
      };
      charges.set(idempotencyKey, charge);
    }
    if (fate === 'dropped') return lost;
    if (!charge) return { kind: 'absent' };
    return charge.declined
      ? { kind: 'refused', code: 'card_declined' }
      : { kind: 'succeeded', gatewayId: charge.id };
  };

  const isOpen = ({ state }: Asked): boolean => state === 'due' || state === 'unknown';

  const lease = (asked: Asked): void => {
    asked.attempts += 1;
    asked.lease += 1;
    const calledOff = (payments.get(asked.orderId)?.closedBy ?? null) !== null;
    const { attempts, lease: held } = asked;
    workers.push({ asked, attempts, lease: held, calledOff, answer: null });
    tell(
      `an instance takes the ${asked.request.kind} of ${asked.orderId}${calledOff ? ', which is off' : ''}`,
    );
  };

  const ask = (worker: Worker, fate: Fate): void => {
    const { asked, attempts, calledOff } = worker;
    const { kind } = asked.request;
    if (worker.lease !== asked.lease) {
      tell(`an instance has lost its lease of the ${kind} of ${asked.orderId} and asks nothing`);
      leave(worker);
      return;
    }
    const what = whatToAsk({ kind, calledOff, attempts });
    must(!(calledOff && what === 'charge'), 'a sale known to be off is not charged');
    const result: GatewayResult = what === 'nothing' ? { kind: 'absent' } : provider(asked, what, fate);
    const answer = answerOf(kind, result);
    tell(`the gateway is asked (${what}) for the ${kind} of ${asked.orderId}: ${result.kind}`);
    if (typeof answer !== 'string') {
      worker.answer = answer;
      return;
    }
    if (isOpen(asked)) asked.state = 'unknown';
    leave(worker);
  };

  const leave = (worker: Worker): void => {
    workers = workers.filter((other) => other !== worker);
  };

  const record = (worker: Worker): void => {
    const { answer, asked } = worker;
    if (!answer) return;
    const data = { orderId: asked.orderId, answer };
    const came = toPayment({ type: 'gateway_answered', data, at: now() });
    const text = came.kind === 'accepted' ? came.text : `${came.kind} ${came.text}`;
    tell(`payment records that the ${answer.kind} of ${asked.orderId} ${answer.outcome}: ${text}`);
    must(came.kind !== 'rejected', `the answer of the gateway can be recorded (${came.text})`);
    leave(worker);
  };

  const checkAlways = (): void => {
    for (const [productId, { available, reserved }] of stock) {
      must(0 <= reserved && reserved <= available, `0 ≤ reserved ≤ available of ${productId}`);
      const units = (...states: readonly Reservation['state'][]): number =>
        [...reservations.values()]
          .filter(({ state }) => states.includes(state))
          .flatMap(({ items }) => items)
          .reduce((sum, item) => sum + (item.productId === productId ? item.quantity : 0), 0);
      must(reserved === units('reserved', 'pinned'), `what is reserved of ${productId} is what is held`);
      must(
        (unitsAtStart.get(productId) ?? 0) === available + units('committed'),
        `no unit of ${productId} appears or vanishes`,
      );
    }
    for (const [orderId, order] of orders) {
      const status = statusOf(order);
      const before = lastStatus.get(orderId) ?? 'PENDING';
      must(legal[before].includes(status), `${orderId} does not go from ${before} to ${status}`);
      if (before === 'PAID' && status === 'CANCELLED') {
        must(
          order.cancellation === 'customer_cancelled',
          `only its customer takes ${orderId} back once it is PAID`,
        );
      }
      const shipped = order.items.some(({ fulfilment }) => fulfilment === 'shipped');
      must(
        !shipped || status === 'PAID' || status === 'FULFILLED',
        `${orderId} is partly shipped and ${status}`,
      );
      lastStatus.set(orderId, status);
      const made = [...charges.values()].filter((charge) => charge.orderId === orderId && !charge.declined);
      const back = [...refunds.values()].filter(({ chargeId }) => made.some(({ id }) => id === chargeId));
      const sum = (entries: readonly { readonly amount: number }[]): number =>
        entries.reduce((total, entry) => total + entry.amount, 0);
      must(made.length <= 1 && back.length <= 1, `${orderId} is charged once and refunded once at most`);
      must(sum(back) <= sum(made), `${orderId} gets back no more than was taken`);
      if (status !== 'PAID' && status !== 'FULFILLED') continue;
      must(sum(made) - sum(back) === order.total.amountMinor, `${orderId} is ${status}, so it is paid for`);
      const { state } = reservations.get(orderId) ?? { state: 'nothing' };
      const holds = state === 'pinned' || (status === 'FULFILLED' && state === 'committed');
      must(holds, `${orderId} is ${status}, so its stock is pinned (it is ${state})`);
    }
    for (const orderId of offForInventory) {
      const { state } = reservations.get(orderId) ?? { state: 'nothing' };
      must(state !== 'reserved' && state !== 'pinned', `no stock is held for ${orderId}, which is off`);
    }
    must(
      [...refunds.values()].every(({ chargeId }) => [...charges.values()].some(({ id }) => id === chargeId)),
      'only what was charged is refunded',
    );
  };

  /** Delivers and asks until nothing moves any more. */
  const settle = (replaying: boolean): void => {
    for (let round = 0; ; round += 1) {
      must(round < 100, 'what is under way comes to rest');
      let moved = false;
      for (const queue of queues()) {
        while (offsetOf(queue) < queue.log.length) {
          moved = true;
          deliver(queue, 'once');
          checkAlways();
        }
      }
      if (replaying) {
        for (const letter of deadLetters) moved = replay(letter) || moved;
        checkAlways();
      }
      for (const worker of workers) {
        moved = true;
        if (!worker.answer) ask(worker, 'succeed');
        record(worker);
        checkAlways();
      }
      for (const asked of requests.filter(isOpen)) {
        moved = true;
        lease(asked);
      }
      if (!moved) return;
    }
  };

  const expire = (orderId: string): void => {
    const came = toReservation({ type: 'expire', data: { orderId }, at: now(), ttlMs });
    if (came.kind !== 'accepted') return;
    tookEffect(orderId, 'expire');
    tell(`the sweep expires ${orderId}: ${came.text}`);
  };
  const checkDeadline = (orderId: string): void => {
    const came = toOrder(orderId, { type: 'deadline', deadlineMs, at: now() });
    if (came.kind !== 'accepted') return;
    tookEffect(orderId, 'deadline');
    tell(`the deadline of ${orderId}: ${came.text}`);
  };

  const settleWithTime = (replaying: boolean): void => {
    settle(replaying);
    clock += ttlMs + 1;
    for (const orderId of orders.keys()) expire(orderId);
    settle(replaying);
    clock += deadlineMs;
    for (const orderId of orders.keys()) checkDeadline(orderId);
    settle(replaying);
  };

  const befallen = (orderId: string, { items, payment }: Order): Befallen => {
    const effect = effects.get(orderId) ?? new Set();
    const sellers = new Set(items.map(({ sellerId }) => sellerId));
    return {
      mode: payment.mode,
      sellers,
      shippedBy: new Set([...sellers].filter((seller) => effect.has(`shipped by ${seller}`))),
      cancelled: effect.has('cancel'),
      paid: effect.has('pay'),
      declined: [...charges.values()].some((charge) => charge.orderId === orderId && charge.declined),
      late: effect.has('expire') || effect.has('deadline'),
    };
  };

  const checkAtRest = (): void => {
    must(deadLetters.length === 0, 'every parked event can be replayed in the end');
    let held = 0;
    for (const [orderId, order] of orders) {
      const status = statusOf(order);
      const wrong = impossibleEnd(befallen(orderId, order), { status, reason: order.cancellation });
      must(
        wrong === undefined,
        `${orderId} is ${status} (${String(order.cancellation)}), but ${String(wrong)}`,
      );
      const { charge, refund } = payments.get(orderId) ?? unknownPayment(orderId, now());
      const { state } = reservations.get(orderId) ?? { state: 'nothing' };
      if (status === 'CANCELLED') {
        must(
          charge !== 'succeeded' || refund === 'succeeded',
          `${orderId} is CANCELLED, so no money is kept`,
        );
        must(charge !== 'started', `the charge of ${orderId} is resolved`);
        must(['released', 'expired', 'failed'].includes(state), `${orderId} is CANCELLED, but ${state}`);
        must(
          refund !== 'succeeded' || order.payment.state === 'refunded',
          `the order service knows that ${orderId} was refunded (it says ${order.payment.state})`,
        );
      } else {
        held += order.total.amountMinor;
      }
      if (status === 'FULFILLED') must(state === 'committed', `the stock of ${orderId} has left`);
    }
    const taken = [...charges.values()].reduce(
      (sum, { amount, declined }) => sum + (declined ? 0 : amount),
      0,
    );
    const returned = [...refunds.values()].reduce((sum, { amount }) => sum + amount, 0);
    must(taken - returned === held, `captured − refunded is what PAID and FULFILLED orders cost`);
  };

  const choose = <T>(from: readonly T[], pick: number): T | undefined =>
    from[pick % Math.max(1, from.length)];
  const ids = (): string[] => [...orders.keys()];

  const command = (orderId: string, who: string, input: OrderInput): void => {
    const { kind, text } = toOrder(orderId, input);
    if (kind === 'accepted') tookEffect(orderId, input.type === 'fulfill' ? `shipped by ${who}` : input.type);
    tell(`${who} says ${input.type} to ${orderId}: ${kind === 'accepted' ? text : `${kind} ${text}`}`);
  };

  const perform = (step: Step): void => {
    switch (step.do) {
      case 'place': {
        if (orders.size >= mostOrders) return;
        const orderId = `order-${orders.size + 1}`;
        const basket = choose(baskets, step.basket) ?? [];
        const items = basket.map(([productId, quantity]) => ({ productId, quantity }));
        const payment = { mode: step.mode, method: 'card', token: null } as const;
        const placing = { type: 'place_order', orderId, customerId, items, payment, at: now() } as const;
        const decision = placeOrder(placing, catalogue);
        if (decision.kind !== 'accepted') throw new Error('the order is refused');
        orders.set(orderId, decision.state);
        publish(decision.events);
        const lines = basket.map(([productId, quantity]) => `${quantity} ${productId}`).join(' + ');
        tell(`carl places ${orderId} (${step.mode}): ${lines}`);
        return;
      }
      case 'cancel': {
        const orderId = choose(ids(), step.pick);
        if (orderId) command(orderId, 'carl', { type: 'cancel', customerId, at: now() });
        return;
      }
      case 'confirm':
      case 'fulfill': {
        const orderId = choose(ids(), step.pick);
        if (orderId) command(orderId, step.seller, { type: step.do, sellerId: step.seller, at: now() });
        return;
      }
      case 'pay': {
        const orderId = choose(ids(), step.pick);
        if (!orderId) return;
        const came = toPayment({ type: 'pay', data: { orderId, customerId, token: null }, at: now() });
        if (came.kind !== 'accepted') return;
        tookEffect(orderId, 'pay');
        tell(`carl pays for ${orderId}: ${came.text}`);
        return;
      }
      case 'expire': {
        const orderId = choose(ids(), step.pick);
        if (orderId) expire(orderId);
        return;
      }
      case 'check the deadline': {
        const orderId = choose(ids(), step.pick);
        if (orderId) checkDeadline(orderId);
        return;
      }
      case 'deliver': {
        const waiting = queues().filter((queue) => offsetOf(queue) < queue.log.length);
        const queue = choose(waiting, step.pick);
        if (queue) deliver(queue, step.how);
        return;
      }
      case 'rewind': {
        const queue = choose(
          queues().filter((candidate) => offsetOf(candidate) > 0),
          step.pick,
        );
        if (!queue) return;
        offsets.set(nameOf(queue), Math.max(0, offsetOf(queue) - step.by));
        tell(`${queue.group} reads ${queue.topic} of ${queue.orderId} again from an earlier offset`);
        return;
      }
      case 'replay': {
        const letter = choose(deadLetters, step.pick);
        if (letter) replay(letter);
        return;
      }
      case 'publish again': {
        const past = choose([...logs.values()].flat(), step.pick);
        if (!past) return;
        publish([past.event]);
        tell(
          `${past.event.type} of ${ids().length} orders (event ${past.id}) is published again as ${published}`,
        );
        return;
      }
      case 'lease': {
        const asked = choose(requests.filter(isOpen), step.pick);
        if (asked && workers.length < 4) lease(asked);
        return;
      }
      case 'turn away': {
        const worker = choose(
          workers.filter(({ answer }) => !answer),
          step.pick,
        );
        if (!worker) return;
        worker.asked.attempts -= 1;
        leave(worker);
        tell(`the open circuit turns the ${worker.asked.request.kind} of ${worker.asked.orderId} away`);
        return;
      }
      case 'die': {
        const worker = choose(workers, step.pick);
        if (!worker) return;
        leave(worker);
        tell(`the instance at the ${worker.asked.request.kind} of ${worker.asked.orderId} dies`);
        return;
      }
      case 'ask': {
        const worker = choose(
          workers.filter(({ answer }) => !answer),
          step.pick,
        );
        if (worker) ask(worker, step.fate);
        return;
      }
      case 'record': {
        const worker = choose(
          workers.filter(({ answer }) => answer),
          step.pick,
        );
        if (worker) record(worker);
        return;
      }
      case 'wait':
        clock += step.minutes * minutes;
        tell(`${step.minutes} minutes pass`);
        return;
      default:
        step satisfies never;
    }
  };

  return {
    story,
    take: (step) => {
      perform(step);
      checkAlways();
    },
    drain: () => {
      // First with what is parked still parked: an order may wait for it no longer than its deadline.
      tell('--- everything under way is delivered and asked, and time passes');
      settleWithTime(false);
      for (const [orderId, order] of orders) {
        const status = statusOf(order);
        must(
          status !== 'PENDING' && status !== 'CONFIRMED',
          `${orderId} has an end or waits for its sellers`,
        );
      }
      tell('--- what is parked is replayed');
      settleWithTime(true);
      checkAtRest();
    },
  };
}
