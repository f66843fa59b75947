// A model of the three services: one state machine in memory that uses the real `decide` functions. Outbox, Kafka, inbox, timers and
// gateway are modelled as steps. The steps can happen in any sequence that the guarantees of the design allow, so the invariants that
// hold in the model do not depend on timing.
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
  type ProviderBehaviour,
  deadlineMs,
  maxOrders,
  baskets,
  customerId,
  catalogue,
  minutes,
} from './steps.ts';
import { assertHolds } from './violation.ts';
import { initialState, type StoredRequest } from './state.ts';
import { checkAlways, checkWhenDrained } from './invariants.ts';
import { callProvider } from './provider.ts';
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
/** An instance that works on one gateway request. After its lease has ended, the instance makes no call, but may still record a response
 *  that it has already received. */
interface Worker {
  readonly stored: StoredRequest;
  readonly attempts: number;
  readonly lease: number;
  readonly isClosed: boolean;
  answer: GatewayAnswer | null;
}

const consumes: Record<Group, readonly Topic[]> = {
  order: ['inventory-events', 'payment-events'],
  inventory: ['order-events', 'payment-events'],
  payment: ['order-events', 'inventory-events'],
};

interface Model {
  /** Performs one step, and checks the invariants that must hold after every step. */
  apply(step: Step): void;
  /**
   * Delivers all events, completes all gateway requests, lets all timers expire and replays all dead letters. Then checks the
   * invariants that must hold once nothing is in flight.
   */
  drain(): void;
  /** A log of the history, with one line per action. */
  readonly trace: readonly string[];
}

/** Creates the model, in the state before the first step. */
export function createModel(): Model {
  const trace: string[] = [];
  const note = (line: string): void => {
    trace.push(line);
  };
  let clock = Date.parse('2026-01-01T10:00:00Z');
  const now = (): Date => new Date(clock);

  const state = initialState();
  const { orders, payments, requests, effects, cancelledForInventory } = state;
  let workers: Worker[] = [];
  const recordEffect = (orderId: string, what: string): void => {
    effects.set(orderId, (effects.get(orderId) ?? new Set()).add(what));
  };

  let published = 0;
  const logs = new Map<string, Published[]>();
  const offsets = new Map<string, number>();
  const inbox = new Set<string>();
  let deadLetters: { readonly group: Group; readonly record: Published }[] = [];
  let anyDeadLettered = false;

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

  const { toOrder, toReservation, toPayment, handlers } = createServices(state, { now, publish });

  /** Models the inbox and the handler in one transaction. The inbox keeps the event unless the group skips or rejects the event. */
  const handle = (group: Group, record: Published, how: string): Outcome['kind'] => {
    const { id, event } = record;
    const what = `${group} ${how} ${event.type} (event ${id})`;
    if (inbox.has(`${group} ${id}`)) {
      note(`${what}: duplicate`);
      return 'ignored';
    }
    const outcome = handlers[group](event);
    if (!outcome) return 'ignored';
    note(`${what}: ${outcome.kind === 'accepted' ? '' : `${outcome.kind} `}${outcome.text}`);
    if (outcome.kind !== 'rejected') inbox.add(`${group} ${id}`);
    if (group === 'inventory' && event.type === 'order.cancelled')
      cancelledForInventory.add(event.data.orderId);
    return outcome.kind;
  };

  const deadLetter = (group: Group, record: Published): void => {
    if (deadLetters.some((letter) => letter.group === group && letter.record === record)) return;
    deadLetters.push({ group, record });
  };

  const deliver = (queue: Queue, how: 'once' | 'crash' | 'dead-letter'): void => {
    const offset = offsetOf(queue);
    const record = queue.log[offset];
    if (!record) return;
    if (how === 'dead-letter') {
      anyDeadLettered = true;
      note(`${queue.group} dead-letters ${record.event.type} (event ${record.id})`);
      deadLetter(queue.group, record);
    } else if (handle(queue.group, record, 'handles') === 'rejected') {
      assertHolds(anyDeadLettered, 'an event is rejected only if an earlier event was dead-lettered');
      deadLetter(queue.group, record);
    }
    if (how === 'crash') note(`${queue.group} dies before it commits the offset`);
    else offsets.set(nameOf(queue), offset + 1);
  };

  const replay = (letter: (typeof deadLetters)[number]): boolean => {
    if (handle(letter.group, letter.record, 'replays') === 'rejected') return false;
    deadLetters = deadLetters.filter((other) => other !== letter);
    return true;
  };

  const isOpen = (stored: StoredRequest): boolean => stored.state === 'due' || stored.state === 'unknown';

  const lease = (stored: StoredRequest): void => {
    stored.attempts += 1;
    stored.lease += 1;
    const isClosed = (payments.get(stored.orderId)?.closedBy ?? null) !== null;
    const { attempts, lease: leaseNumber } = stored;
    workers.push({ stored, attempts, lease: leaseNumber, isClosed, answer: null });
    note(
      `an instance leases the ${stored.request.kind} of ${stored.orderId}${isClosed ? ', whose payment is closed' : ''}`,
    );
  };

  const callGateway = (worker: Worker, behaviour: ProviderBehaviour): void => {
    const { stored, attempts, isClosed } = worker;
    const { kind } = stored.request;
    if (worker.lease !== stored.lease) {
      note(`an instance has lost its lease of the ${kind} of ${stored.orderId} and calls nothing`);
      removeWorker(worker);
      return;
    }
    const call = gatewayCallFor({ kind, isClosed, attempts });
    assertHolds(!(isClosed && call === 'charge'), 'a payment known to be closed is not charged');
    const result: GatewayResult =
      call === 'nothing' ? { kind: 'absent' } : callProvider(state, stored, call, behaviour);
    const answer = answerOf(kind, result);
    note(`call of the gateway (${call}) for the ${kind} of ${stored.orderId}: ${result.kind}`);
    if (typeof answer !== 'string') {
      worker.answer = answer;
      return;
    }
    if (isOpen(stored)) stored.state = 'unknown';
    removeWorker(worker);
  };

  const removeWorker = (worker: Worker): void => {
    workers = workers.filter((other) => other !== worker);
  };

  const record = (worker: Worker): void => {
    const { answer, stored } = worker;
    if (!answer) return;
    const data = { orderId: stored.orderId, answer };
    const outcome = toPayment({ type: 'gateway_answered', data, at: now() });
    const text = outcome.kind === 'accepted' ? outcome.text : `${outcome.kind} ${outcome.text}`;
    note(`payment records that the ${answer.kind} of ${stored.orderId} ${answer.outcome}: ${text}`);
    assertHolds(outcome.kind !== 'rejected', `the answer of the gateway can be recorded (${outcome.text})`);
    removeWorker(worker);
  };

  /** Delivers events and calls the gateway until nothing is in flight. */
  const settle = (replaying: boolean): void => {
    for (let round = 0; ; round += 1) {
      assertHolds(round < 100, 'everything in flight is handled within 100 rounds');
      let progressed = false;
      for (const queue of queues()) {
        while (offsetOf(queue) < queue.log.length) {
          progressed = true;
          deliver(queue, 'once');
          checkAlways(state);
        }
      }
      if (replaying) {
        for (const letter of deadLetters) progressed = replay(letter) || progressed;
        checkAlways(state);
      }
      for (const worker of workers) {
        progressed = true;
        if (!worker.answer) callGateway(worker, 'succeed');
        record(worker);
        checkAlways(state);
      }
      for (const stored of requests.filter(isOpen)) {
        progressed = true;
        lease(stored);
      }
      if (!progressed) return;
    }
  };

  const expire = (orderId: string): void => {
    const outcome = toReservation({ type: 'expire', data: { orderId }, at: now(), ttlMs });
    if (outcome.kind !== 'accepted') return;
    recordEffect(orderId, 'expire');
    note(`the sweep expires ${orderId}: ${outcome.text}`);
  };
  const checkDeadline = (orderId: string): void => {
    const outcome = toOrder(orderId, { type: 'deadline', deadlineMs, at: now() });
    if (outcome.kind !== 'accepted') return;
    recordEffect(orderId, 'deadline');
    note(`the deadline of ${orderId}: ${outcome.text}`);
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
    if (kind === 'accepted')
      recordEffect(orderId, input.type === 'fulfill' ? `shipped by ${who}` : input.type);
    note(`${who} sends ${input.type} for ${orderId}: ${kind === 'accepted' ? text : `${kind} ${text}`}`);
  };

  const perform = (step: Step): void => {
    switch (step.do) {
      case 'place': {
        if (orders.size >= maxOrders) return;
        const orderId = `order-${orders.size + 1}`;
        const basket = choose(baskets, step.basket) ?? [];
        const items = basket.map(([productId, quantity]) => ({ productId, quantity }));
        const payment = { mode: step.mode, method: 'card', token: null } as const;
        const placing = { type: 'place_order', orderId, customerId, items, payment, at: now() } as const;
        const decision = placeOrder(placing, catalogue);
        if (decision.kind !== 'accepted') throw new Error('the order is rejected');
        orders.set(orderId, decision.state);
        publish(decision.events);
        const lines = basket.map(([productId, quantity]) => `${quantity} ${productId}`).join(' + ');
        note(`carl places ${orderId} (${step.mode}): ${lines}`);
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
        recordEffect(orderId, 'pay');
        note(`carl pays for ${orderId}: ${outcome.text}`);
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
        note(`${queue.group} reads ${queue.topic} of ${queue.orderId} again from an earlier offset`);
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
        note(`${past.event.type} (event ${past.id}) is published again as event ${published}`);
        return;
      }
      case 'lease': {
        const stored = choose(requests.filter(isOpen), step.pick);
        if (stored && workers.length < 4) lease(stored);
        return;
      }
      case 'release': {
        const worker = choose(
          workers.filter(({ answer }) => !answer),
          step.pick,
        );
        if (!worker) return;
        worker.stored.attempts -= 1;
        removeWorker(worker);
        note(
          `the circuit is open: the ${worker.stored.request.kind} of ${worker.stored.orderId} is released`,
        );
        return;
      }
      case 'die': {
        const worker = choose(workers, step.pick);
        if (!worker) return;
        removeWorker(worker);
        note(`the instance that handles the ${worker.stored.request.kind} of ${worker.stored.orderId} dies`);
        return;
      }
      case 'call': {
        const worker = choose(
          workers.filter(({ answer }) => !answer),
          step.pick,
        );
        if (worker) callGateway(worker, step.behaviour);
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
        note(`${step.minutes} minutes pass`);
        return;
      default:
        step satisfies never;
    }
  };

  return {
    trace,
    apply: (step) => {
      perform(step);
      checkAlways(state);
    },
    drain: () => {
      // First without replaying the dead letters: no order may wait longer than its deadline, even if an event is missing.
      note('--- everything in flight is handled, and time passes');
      settleWithTime(false);
      for (const [orderId, order] of orders) {
        const status = statusOf(order);
        assertHolds(
          status !== 'PENDING' && status !== 'CONFIRMED',
          `${orderId} has a final status or waits for its sellers`,
        );
      }
      note('--- the dead letters are replayed');
      settleWithTime(true);
      checkWhenDrained(state, deadLetters.length);
    },
  };
}
