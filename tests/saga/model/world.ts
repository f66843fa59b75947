// The three services as one machine of memory and pure decisions: what the shell, the outbox, Kafka, the inbox, the timers
// and the gateway may do to a saga, as steps that can be taken in any order. Real are the decisions; everything around
// them is the least that the design promises, so what holds in here does not depend on luck outside.
import { eventCatalogue, type DomainEvent, type Topic } from '../../../schemas/generated/events.ts';
import { type OrderInput } from '../../../services/order/domain/decide.ts';
import { statusOf } from '../../../services/order/domain/order.ts';
import { placeOrder } from '../../../services/order/domain/place-order.ts';
import {
  answerOf,
  gatewayCallFor,
  type GatewayResult,
} from '../../../services/payment/domain/gateway-call.ts';
import { type GatewayAnswer } from '../../../services/payment/domain/decide.ts';
import {
  type Group,
  type Step,
  groups,
  ttlMs,
  type Fate,
  deadlineMs,
  mostOrders,
  baskets,
  customerId,
  catalogue,
  minutes,
} from './steps.ts';
import { must } from './violation.ts';
import { openBooks, type Asked } from './books.ts';
import { checkAlways, checkAtRest } from './invariants.ts';
import { askProvider } from './provider.ts';
import { createServices, type Outcome } from './services.ts';

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
/** An instance at work on one request. Once its lease has ended it asks no more, but may still record an answer it has. */
interface Worker {
  readonly asked: Asked;
  readonly attempts: number;
  readonly lease: number;
  readonly isCancelled: boolean;
  answer: GatewayAnswer | null;
}

const consumes: Record<Group, readonly Topic[]> = {
  order: ['inventory-events', 'payment-events'],
  inventory: ['order-events', 'payment-events'],
  payment: ['order-events', 'inventory-events'],
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

  const books = openBooks();
  const { orders, payments, requests, effects, offForInventory } = books;
  let workers: Worker[] = [];
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

  const { toOrder, toReservation, toPayment, handlers } = createServices(books, { now, publish });

  /** The inbox and the handler, one transaction: claimed exactly when it took effect. */
  const handle = (group: Group, record: Published, how: string): Outcome['kind'] => {
    const { id, event } = record;
    const what = `${group} ${how} ${event.type} (event ${id})`;
    if (inbox.has(`${group} ${id}`)) {
      tell(`${what}: known, nothing happens`);
      return 'ignored';
    }
    const outcome = handlers[group](event);
    if (!outcome) return 'ignored';
    tell(`${what}: ${outcome.kind === 'accepted' ? '' : `${outcome.kind} `}${outcome.text}`);
    if (outcome.kind !== 'rejected') inbox.add(`${group} ${id}`);
    if (group === 'inventory' && event.type === 'order.cancelled') offForInventory.add(event.data.orderId);
    return outcome.kind;
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

  const isOpen = ({ state }: Asked): boolean => state === 'due' || state === 'unknown';

  const lease = (asked: Asked): void => {
    asked.attempts += 1;
    asked.lease += 1;
    const isCancelled = (payments.get(asked.orderId)?.closedBy ?? null) !== null;
    const { attempts, lease: held } = asked;
    workers.push({ asked, attempts, lease: held, isCancelled, answer: null });
    tell(
      `an instance takes the ${asked.request.kind} of ${asked.orderId}${isCancelled ? ', which is off' : ''}`,
    );
  };

  const ask = (worker: Worker, fate: Fate): void => {
    const { asked, attempts, isCancelled } = worker;
    const { kind } = asked.request;
    if (worker.lease !== asked.lease) {
      tell(`an instance has lost its lease of the ${kind} of ${asked.orderId} and asks nothing`);
      leave(worker);
      return;
    }
    const what = gatewayCallFor({ kind, isCancelled, attempts });
    must(!(isCancelled && what === 'charge'), 'a sale known to be off is not charged');
    const result: GatewayResult =
      what === 'nothing' ? { kind: 'absent' } : askProvider(books, asked, what, fate);
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
    const outcome = toPayment({ type: 'gateway_answered', data, at: now() });
    const text = outcome.kind === 'accepted' ? outcome.text : `${outcome.kind} ${outcome.text}`;
    tell(`payment records that the ${answer.kind} of ${asked.orderId} ${answer.outcome}: ${text}`);
    must(outcome.kind !== 'rejected', `the answer of the gateway can be recorded (${outcome.text})`);
    leave(worker);
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
          checkAlways(books);
        }
      }
      if (replaying) {
        for (const letter of deadLetters) moved = replay(letter) || moved;
        checkAlways(books);
      }
      for (const worker of workers) {
        moved = true;
        if (!worker.answer) ask(worker, 'succeed');
        record(worker);
        checkAlways(books);
      }
      for (const asked of requests.filter(isOpen)) {
        moved = true;
        lease(asked);
      }
      if (!moved) return;
    }
  };

  const expire = (orderId: string): void => {
    const outcome = toReservation({ type: 'expire', data: { orderId }, at: now(), ttlMs });
    if (outcome.kind !== 'accepted') return;
    tookEffect(orderId, 'expire');
    tell(`the sweep expires ${orderId}: ${outcome.text}`);
  };
  const checkDeadline = (orderId: string): void => {
    const outcome = toOrder(orderId, { type: 'deadline', deadlineMs, at: now() });
    if (outcome.kind !== 'accepted') return;
    tookEffect(orderId, 'deadline');
    tell(`the deadline of ${orderId}: ${outcome.text}`);
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
        const outcome = toPayment({ type: 'pay', data: { orderId, customerId, token: null }, at: now() });
        if (outcome.kind !== 'accepted') return;
        tookEffect(orderId, 'pay');
        tell(`carl pays for ${orderId}: ${outcome.text}`);
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
      checkAlways(books);
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
      checkAtRest(books, deadLetters.length);
    },
  };
}
