// Measures the decisions, SQL and commits of the saga of an order, with direct calls in this process. Nothing is published or
// consumed through Kafka, so the difference to the rate of the whole system is the cost of the pipeline.
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { DomainEvent } from '../../../schemas/generated/events.ts';
import { reservationHandler } from '../../../services/inventory/store.ts';
import { reactions as inventoryReactions } from '../../../services/inventory/reactions.ts';
import { orderHandler, placeOrderHandler } from '../../../services/order/store.ts';
import { reactions as orderReactions } from '../../../services/order/reactions.ts';
import type { OrderInput } from '../../../services/order/domain/decide.ts';
import { createGatewayClient } from '../../../services/payment/jobs/gateway-client.ts';
import { answerOf } from '../../../services/payment/domain/gateway-call.ts';
import type { PaymentInput } from '../../../services/payment/domain/decide.ts';
import { reactions as paymentReactions } from '../../../services/payment/reactions.ts';
import { paymentHandler } from '../../../services/payment/store.ts';
import type { ReservationInput } from '../../../services/inventory/domain/reservation.ts';
import { connectDatabase } from '../../../services/platform/database/database.ts';
import { createEventCodec } from '../../../services/platform/event-codec/event-codec.ts';
import { createRegistryClient } from '../../../services/platform/event-codec/schema-registry.ts';
import { createLogger } from '../../../services/platform/process/logger.ts';
import {
  handle,
  unclaimed,
  type CommandHandler,
  type Shell,
} from '../../../services/platform/transaction/handle.ts';
import { inboxClaim } from '../../../services/platform/transaction/inbox.ts';
import { failure } from '../../../schemas/tools/failure.ts';
import type { Stack } from '../../stack/boot.ts';
import { serviceNames, type ServiceName } from '../../stack/topology.ts';
import { round } from '../latency.ts';
import { warmUpOrders } from '../orders.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
const reservationTtlMs = 1_800_000;

/** Returns the orders per second. Each of the `clients` places one order after the other, and each order ends PAID. */
export const measureNoPipeline = async (
  stack: Stack,
  productIds: readonly string[],
  clients: number,
  count: number,
): Promise<number> => {
  const logger = createLogger({ service: 'bench', level: 'error' });
  const registry = createRegistryClient(stack.urls.registry, logger);
  await registry.resolveIds(
    ['order.created', 'inventory.reserved', 'payment.succeeded'],
    new AbortController().signal,
  );
  const codec = createEventCodec(registry.schemaId, registry.writerSchema);
  const connections = {
    order: connectDatabase(stack.databaseUrl('order', 'service'), 'bench'),
    inventory: connectDatabase(stack.databaseUrl('inventory', 'service'), 'bench'),
    payment: connectDatabase(stack.databaseUrl('payment', 'service'), 'bench'),
  };
  const shell = (service: ServiceName): Shell => ({ db: connections[service].db, codec });
  const gateway = createGatewayClient(stack.urls.gateway);

  const message = <Input>(input: Input, orderId: string) => ({
    id: randomUUID(),
    at: new Date(),
    input,
    context: { correlationId: orderId, causationId: orderId, traceparent, actor: 'bench' },
  });
  /** A claim in the inbox of the service, as a delivered event makes it. */
  const claim = (service: ServiceName, event: DomainEvent) =>
    inboxClaim({
      consumer: `${service}-bench`,
      eventId: uuidv7(),
      eventType: event.type,
      topic: 'none',
      partition: 0,
      offset: 0n,
      publishedAt: new Date(),
      attempts: 1,
    });

  /** Handles an event in a service, as its consumer does. */
  const apply = <Input, State, Next>(
    service: ServiceName,
    handler: CommandHandler<Input, State, Next>,
    input: Input,
    orderId: string,
    event: DomainEvent,
  ) => handle(shell(service), handler, message(input, orderId), claim(service, event));

  const pay = async (orderId: string, event: DomainEvent): Promise<void> => {
    const at = new Date();
    const input = { ...event, at } as PaymentInput;
    const handled = await apply('payment', paymentHandler, input, orderId, event);
    if (handled.kind !== 'accepted') return;
    await deliverAll(orderId, handled.events);
    const { request } = handled.state;
    if (!request) return;
    const { amount, token, idempotencyKey } = request;
    const signal = AbortSignal.timeout(10_000);
    const charge = { amount, token, reference: orderId, idempotencyKey, traceparent };
    const answer = answerOf(request.kind, await gateway.charge(charge, signal));
    if (typeof answer === 'string') throw failure(`the gateway did not charge: ${answer}`);
    const answered: PaymentInput = { type: 'gateway_answered', data: { orderId, answer }, at };
    const paid = await handle(shell('payment'), paymentHandler, message(answered, orderId), unclaimed);
    if (paid.kind === 'accepted') await deliverAll(orderId, paid.events);
  };
  const reserve = async (orderId: string, event: DomainEvent): Promise<void> => {
    const input = { ...event, at: new Date(), ttlMs: reservationTtlMs } as ReservationInput;
    const handled = await apply('inventory', reservationHandler, input, orderId, event);
    if (handled.kind === 'accepted') await deliverAll(orderId, handled.events);
  };
  const order = async (orderId: string, event: DomainEvent): Promise<void> => {
    const input = { orderId, input: { ...event, at: new Date() } as OrderInput };
    const handled = await apply('order', orderHandler, input, orderId, event);
    if (handled.kind === 'accepted') await deliverAll(orderId, handled.events);
  };
  const deliverAll = async (orderId: string, events: readonly DomainEvent[]): Promise<void> => {
    for (const event of events) {
      await Promise.all([
        ...(event.type in orderReactions ? [order(orderId, event)] : []),
        ...(event.type in inventoryReactions ? [reserve(orderId, event)] : []),
        ...(event.type in paymentReactions ? [pay(orderId, event)] : []),
      ]);
    }
  };

  const place = async (index: number): Promise<void> => {
    const orderId = uuidv7();
    const productId = productIds[index % productIds.length] ?? '';
    const input = {
      type: 'place_order' as const,
      orderId,
      customerId: 'bench',
      items: [{ productId, quantity: 1 }],
      payment: { mode: 'AUTO' as const, method: 'card' as const, token: null },
      at: new Date(),
    };
    const handled = await handle(shell('order'), placeOrderHandler, message(input, orderId), unclaimed);
    if (handled.kind === 'accepted') await deliverAll(orderId, handled.events);
  };

  try {
    let next = 0;
    const run = async (until: number): Promise<void> => {
      const client = async (): Promise<void> => {
        while (next < until) {
          next += 1;
          await place(next);
        }
      };
      await Promise.all(Array.from({ length: clients }, client));
    };
    await run(warmUpOrders);
    const began = performance.now();
    await run(warmUpOrders + count);
    return round(count / ((performance.now() - began) / 1_000));
  } finally {
    await Promise.all(serviceNames.map((service) => connections[service].close()));
  }
};
