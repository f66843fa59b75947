// Generated from schemas/*.avsc by schemas/tools/generate-events.ts. DO NOT EDIT.

/** Identity and causality of one event. */
export interface EventMetadata {
  /** UUID of this event; equals the outbox row's id and the Kafka header `id`. Consumers deduplicate by it. */
  readonly eventId: string;
  /** Shared by everything that one request set in motion. */
  readonly correlationId: string;
  /** Id of the event, request or timer run that directly caused this event. */
  readonly causationId: string;
  /** When the service decided it, by that service's clock. */
  readonly occurredAt: Date;
}

/** Units of one product, summed over the lines of the order. */
export interface ReservedItem {
  /** Product. */
  readonly productId: string;
  /** Units, at least 1. */
  readonly quantity: number;
}

/** Shipped units left the stock. */
export interface InventoryCommitted {
  /** The order this belongs to; also the Kafka message key. */
  readonly orderId: string;
  /** What left the stock. */
  readonly items: readonly ReservedItem[];
}

/** An amount of money, exact. */
export interface Money {
  /** Amount in the currency's minor unit, for example cents. */
  readonly amountMinor: number;
  /** ISO 4217 code, three capital letters. */
  readonly currency: string;
}

/** A product was created or its catalogue entry changed. Carries the whole entry, so the latest one is enough to know it. */
export interface InventoryProductChanged {
  /** The product; also the Kafka message key. */
  readonly productId: string;
  /** Seller who owns it. */
  readonly sellerId: string;
  /** Name shown to customers. */
  readonly name: string;
  /** Seller's stock keeping unit. */
  readonly sku: string;
  /** Price of one unit. */
  readonly price: Money;
  /** Version of the catalogue entry, counted from 1; a copy keeps the highest it has seen. */
  readonly version: number;
}

/** Why stock was released. `unspecified` stands for a reason that is newer than the reader. */
export type ReleaseReason = 'unspecified' | 'payment_failed' | 'ttl_expired' | 'order_cancelled';

/** A reservation ended without a sale; its units are free again. */
export interface InventoryReleased {
  /** The order this belongs to; also the Kafka message key. */
  readonly orderId: string;
  /** What was given back; empty when nothing was held. */
  readonly items: readonly ReservedItem[];
  /** What ended the reservation. */
  readonly reason: ReleaseReason;
}

/** A product that could not be reserved. */
export interface Shortage {
  /** Product; may be unknown to the inventory. */
  readonly productId: string;
  /** Units the order asked for. */
  readonly requested: number;
  /** Units that were free at that moment. */
  readonly free: number;
}

/** At least one item was short, so nothing was reserved. */
export interface InventoryReservationFailed {
  /** The order this belongs to; also the Kafka message key. */
  readonly orderId: string;
  /** Every short product, in product id order. */
  readonly shortages: readonly Shortage[];
}

/** All items of an order are held together. Emitted again with `expiresAt` null once the order is paid: from then on the stock is pinned and cannot expire. */
export interface InventoryReserved {
  /** The order this belongs to; also the Kafka message key. */
  readonly orderId: string;
  /** What is held. */
  readonly items: readonly ReservedItem[];
  /** When the hold lapses unless the order is paid; null once it is pinned. */
  readonly expiresAt: null | Date;
}

/** Why an order ended CANCELLED. `unspecified` stands for a reason that is newer than the reader. */
export type CancellationReason =
  'unspecified' | 'reservation_failed' | 'payment_failed' | 'reservation_expired' | 'customer_cancelled';

/** An order ended without being shipped; stock is released and money returned. */
export interface OrderCancelled {
  /** The order this belongs to; also the Kafka message key. */
  readonly orderId: string;
  /** Subject of the customer who placed it. */
  readonly customerId: string;
  /** The first cause of the cancellation. */
  readonly reason: CancellationReason;
}

/** One line of the order. */
export interface OrderedItem {
  /** Product ordered; may stand on several lines. */
  readonly productId: string;
  /** Seller who ships this line. */
  readonly sellerId: string;
  /** Units ordered, at least 1. */
  readonly quantity: number;
  /** Price of one unit when the order was placed. */
  readonly unitPrice: Money;
}

/** AUTO charges once stock is reserved, MANUAL waits for the customer to pay. */
export type PaymentMode = 'unspecified' | 'AUTO' | 'MANUAL';

/** How the customer wants to pay. */
export interface PaymentTerms {
  /** When to charge. */
  readonly mode: PaymentMode;
  /** Payment method, for example `card`. */
  readonly method: string;
  /** Opaque token of the payment provider standing for the customer's card; never card data. Null lets the provider use its default. */
  readonly token: null | string;
}

/** A customer placed an order at prices from the order service's own copy of the catalogue. */
export interface OrderCreated {
  /** The order this belongs to; also the Kafka message key. */
  readonly orderId: string;
  /** Subject of the customer who placed it. */
  readonly customerId: string;
  /** The lines in the order the customer gave them; at least one. */
  readonly items: readonly OrderedItem[];
  /** Sum of quantity times unit price over all lines. */
  readonly total: Money;
  /** Terms of payment; inventory ignores them. */
  readonly payment: PaymentTerms;
}

/** The last seller shipped; the reserved stock leaves the warehouse for good. */
export interface OrderFulfilled {
  /** The order this belongs to; also the Kafka message key. */
  readonly orderId: string;
  /** Subject of the customer who placed it. */
  readonly customerId: string;
}

/** The gateway definitively refused to charge; no money was taken. */
export interface PaymentFailed {
  /** The order this belongs to; also the Kafka message key. */
  readonly orderId: string;
  /** What should have been captured. */
  readonly amount: Money;
  /** Machine-readable cause, for example `card_declined` or `insufficient_funds`. */
  readonly code: string;
}

/** Why the money went back. `unspecified` stands for a reason that is newer than the reader. */
export type RefundReason = 'unspecified' | 'order_cancelled' | 'reservation_expired';

/** Captured money went back in full because the order did not hold. */
export interface PaymentRefunded {
  /** The order this belongs to; also the Kafka message key. */
  readonly orderId: string;
  /** What was returned. */
  readonly amount: Money;
  /** The charge that was refunded. */
  readonly chargeId: string;
  /** The gateway's id of the refund. */
  readonly refundId: string;
  /** What undid the sale. */
  readonly reason: RefundReason;
}

/** The gateway captured the money of an order. */
export interface PaymentSucceeded {
  /** The order this belongs to; also the Kafka message key. */
  readonly orderId: string;
  /** What was captured. */
  readonly amount: Money;
  /** The gateway's id of the charge. */
  readonly chargeId: string;
}

/** Body of each event type; the outbox adds the metadata. */
export interface EventBodies {
  'inventory.committed': InventoryCommitted;
  'inventory.product_changed': InventoryProductChanged;
  'inventory.released': InventoryReleased;
  'inventory.reservation_failed': InventoryReservationFailed;
  'inventory.reserved': InventoryReserved;
  'order.cancelled': OrderCancelled;
  'order.created': OrderCreated;
  'order.fulfilled': OrderFulfilled;
  'payment.failed': PaymentFailed;
  'payment.refunded': PaymentRefunded;
  'payment.succeeded': PaymentSucceeded;
}

export type EventType = keyof EventBodies;
export type Topic = 'inventory-events' | 'order-events' | 'payment-events';

/** An event as a decision returns it: its type and its body. */
export type DomainEvent<T extends EventType = EventType> = {
  [K in T]: { readonly type: K; readonly data: EventBodies[K] };
}[T];

export interface CatalogueEntry {
  readonly topic: Topic;
  /** Registry subject: the record's full name, so that each event type has separate versions. */
  readonly subject: string;
  /** Field of the body that becomes the Kafka message key. */
  readonly keyField: string;
  /** The Avro schema as the JSON text that is registered. */
  readonly schema: string;
}

/** Every event type with its topic, registry subject and schema. */
export const eventCatalogue: Readonly<Record<EventType, CatalogueEntry>> = {
  'inventory.committed': {
    topic: 'inventory-events',
    subject: 'orderflow.inventory.InventoryCommitted',
    keyField: 'orderId',
    schema:
      '{"type":"record","name":"InventoryCommitted","namespace":"orderflow.inventory","doc":"Shipped units left the stock.","eventType":"inventory.committed","topic":"inventory-events","keyField":"orderId","fields":[{"name":"metadata","type":{"type":"record","name":"EventMetadata","namespace":"orderflow","doc":"Identity and causality of one event.","fields":[{"name":"eventId","type":"string","doc":"UUID of this event; equals the outbox row\'s id and the Kafka header `id`. Consumers deduplicate by it."},{"name":"correlationId","type":"string","doc":"Shared by everything that one request set in motion."},{"name":"causationId","type":"string","doc":"Id of the event, request or timer run that directly caused this event."},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the service decided it, by that service\'s clock."}]},"doc":"Who caused this event and when; the same values travel as Kafka headers."},{"name":"orderId","type":"string","doc":"The order this belongs to; also the Kafka message key."},{"name":"items","type":{"type":"array","items":{"type":"record","name":"ReservedItem","namespace":"orderflow.inventory","doc":"Units of one product, summed over the lines of the order.","fields":[{"name":"productId","type":"string","doc":"Product."},{"name":"quantity","type":"int","doc":"Units, at least 1."}]}},"doc":"What left the stock."}]}',
  },
  'inventory.product_changed': {
    topic: 'inventory-events',
    subject: 'orderflow.inventory.InventoryProductChanged',
    keyField: 'productId',
    schema:
      '{"type":"record","name":"InventoryProductChanged","namespace":"orderflow.inventory","doc":"A product was created or its catalogue entry changed. Carries the whole entry, so the latest one is enough to know it.","eventType":"inventory.product_changed","topic":"inventory-events","keyField":"productId","fields":[{"name":"metadata","type":{"type":"record","name":"EventMetadata","namespace":"orderflow","doc":"Identity and causality of one event.","fields":[{"name":"eventId","type":"string","doc":"UUID of this event; equals the outbox row\'s id and the Kafka header `id`. Consumers deduplicate by it."},{"name":"correlationId","type":"string","doc":"Shared by everything that one request set in motion."},{"name":"causationId","type":"string","doc":"Id of the event, request or timer run that directly caused this event."},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the service decided it, by that service\'s clock."}]},"doc":"Who caused this event and when; the same values travel as Kafka headers."},{"name":"productId","type":"string","doc":"The product; also the Kafka message key."},{"name":"sellerId","type":"string","doc":"Seller who owns it."},{"name":"name","type":"string","doc":"Name shown to customers."},{"name":"sku","type":"string","doc":"Seller\'s stock keeping unit."},{"name":"price","type":{"type":"record","name":"Money","namespace":"orderflow","doc":"An amount of money, exact.","fields":[{"name":"amountMinor","type":"long","doc":"Amount in the currency\'s minor unit, for example cents."},{"name":"currency","type":"string","doc":"ISO 4217 code, three capital letters."}]},"doc":"Price of one unit."},{"name":"version","type":"int","doc":"Version of the catalogue entry, counted from 1; a copy keeps the highest it has seen."}]}',
  },
  'inventory.released': {
    topic: 'inventory-events',
    subject: 'orderflow.inventory.InventoryReleased',
    keyField: 'orderId',
    schema:
      '{"type":"record","name":"InventoryReleased","namespace":"orderflow.inventory","doc":"A reservation ended without a sale; its units are free again.","eventType":"inventory.released","topic":"inventory-events","keyField":"orderId","fields":[{"name":"metadata","type":{"type":"record","name":"EventMetadata","namespace":"orderflow","doc":"Identity and causality of one event.","fields":[{"name":"eventId","type":"string","doc":"UUID of this event; equals the outbox row\'s id and the Kafka header `id`. Consumers deduplicate by it."},{"name":"correlationId","type":"string","doc":"Shared by everything that one request set in motion."},{"name":"causationId","type":"string","doc":"Id of the event, request or timer run that directly caused this event."},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the service decided it, by that service\'s clock."}]},"doc":"Who caused this event and when; the same values travel as Kafka headers."},{"name":"orderId","type":"string","doc":"The order this belongs to; also the Kafka message key."},{"name":"items","type":{"type":"array","items":{"type":"record","name":"ReservedItem","namespace":"orderflow.inventory","doc":"Units of one product, summed over the lines of the order.","fields":[{"name":"productId","type":"string","doc":"Product."},{"name":"quantity","type":"int","doc":"Units, at least 1."}]}},"doc":"What was given back; empty when nothing was held."},{"name":"reason","type":{"type":"enum","name":"ReleaseReason","namespace":"orderflow.inventory","doc":"Why stock was released. `unspecified` stands for a reason that is newer than the reader.","symbols":["unspecified","payment_failed","ttl_expired","order_cancelled"],"default":"unspecified"},"doc":"What ended the reservation."}]}',
  },
  'inventory.reservation_failed': {
    topic: 'inventory-events',
    subject: 'orderflow.inventory.InventoryReservationFailed',
    keyField: 'orderId',
    schema:
      '{"type":"record","name":"InventoryReservationFailed","namespace":"orderflow.inventory","doc":"At least one item was short, so nothing was reserved.","eventType":"inventory.reservation_failed","topic":"inventory-events","keyField":"orderId","fields":[{"name":"metadata","type":{"type":"record","name":"EventMetadata","namespace":"orderflow","doc":"Identity and causality of one event.","fields":[{"name":"eventId","type":"string","doc":"UUID of this event; equals the outbox row\'s id and the Kafka header `id`. Consumers deduplicate by it."},{"name":"correlationId","type":"string","doc":"Shared by everything that one request set in motion."},{"name":"causationId","type":"string","doc":"Id of the event, request or timer run that directly caused this event."},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the service decided it, by that service\'s clock."}]},"doc":"Who caused this event and when; the same values travel as Kafka headers."},{"name":"orderId","type":"string","doc":"The order this belongs to; also the Kafka message key."},{"name":"shortages","type":{"type":"array","items":{"type":"record","name":"Shortage","namespace":"orderflow.inventory","doc":"A product that could not be reserved.","fields":[{"name":"productId","type":"string","doc":"Product; may be unknown to the inventory."},{"name":"requested","type":"int","doc":"Units the order asked for."},{"name":"free","type":"int","doc":"Units that were free at that moment."}]}},"doc":"Every short product, in product id order."}]}',
  },
  'inventory.reserved': {
    topic: 'inventory-events',
    subject: 'orderflow.inventory.InventoryReserved',
    keyField: 'orderId',
    schema:
      '{"type":"record","name":"InventoryReserved","namespace":"orderflow.inventory","doc":"All items of an order are held together. Emitted again with `expiresAt` null once the order is paid: from then on the stock is pinned and cannot expire.","eventType":"inventory.reserved","topic":"inventory-events","keyField":"orderId","fields":[{"name":"metadata","type":{"type":"record","name":"EventMetadata","namespace":"orderflow","doc":"Identity and causality of one event.","fields":[{"name":"eventId","type":"string","doc":"UUID of this event; equals the outbox row\'s id and the Kafka header `id`. Consumers deduplicate by it."},{"name":"correlationId","type":"string","doc":"Shared by everything that one request set in motion."},{"name":"causationId","type":"string","doc":"Id of the event, request or timer run that directly caused this event."},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the service decided it, by that service\'s clock."}]},"doc":"Who caused this event and when; the same values travel as Kafka headers."},{"name":"orderId","type":"string","doc":"The order this belongs to; also the Kafka message key."},{"name":"items","type":{"type":"array","items":{"type":"record","name":"ReservedItem","namespace":"orderflow.inventory","doc":"Units of one product, summed over the lines of the order.","fields":[{"name":"productId","type":"string","doc":"Product."},{"name":"quantity","type":"int","doc":"Units, at least 1."}]}},"doc":"What is held."},{"name":"expiresAt","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"When the hold lapses unless the order is paid; null once it is pinned."}]}',
  },
  'order.cancelled': {
    topic: 'order-events',
    subject: 'orderflow.order.OrderCancelled',
    keyField: 'orderId',
    schema:
      '{"type":"record","name":"OrderCancelled","namespace":"orderflow.order","doc":"An order ended without being shipped; stock is released and money returned.","eventType":"order.cancelled","topic":"order-events","keyField":"orderId","fields":[{"name":"metadata","type":{"type":"record","name":"EventMetadata","namespace":"orderflow","doc":"Identity and causality of one event.","fields":[{"name":"eventId","type":"string","doc":"UUID of this event; equals the outbox row\'s id and the Kafka header `id`. Consumers deduplicate by it."},{"name":"correlationId","type":"string","doc":"Shared by everything that one request set in motion."},{"name":"causationId","type":"string","doc":"Id of the event, request or timer run that directly caused this event."},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the service decided it, by that service\'s clock."}]},"doc":"Who caused this event and when; the same values travel as Kafka headers."},{"name":"orderId","type":"string","doc":"The order this belongs to; also the Kafka message key."},{"name":"customerId","type":"string","doc":"Subject of the customer who placed it."},{"name":"reason","type":{"type":"enum","name":"CancellationReason","namespace":"orderflow.order","doc":"Why an order ended CANCELLED. `unspecified` stands for a reason that is newer than the reader.","symbols":["unspecified","reservation_failed","payment_failed","reservation_expired","customer_cancelled"],"default":"unspecified"},"doc":"The first cause of the cancellation."}]}',
  },
  'order.created': {
    topic: 'order-events',
    subject: 'orderflow.order.OrderCreated',
    keyField: 'orderId',
    schema:
      '{"type":"record","name":"OrderCreated","namespace":"orderflow.order","doc":"A customer placed an order at prices from the order service\'s own copy of the catalogue.","eventType":"order.created","topic":"order-events","keyField":"orderId","fields":[{"name":"metadata","type":{"type":"record","name":"EventMetadata","namespace":"orderflow","doc":"Identity and causality of one event.","fields":[{"name":"eventId","type":"string","doc":"UUID of this event; equals the outbox row\'s id and the Kafka header `id`. Consumers deduplicate by it."},{"name":"correlationId","type":"string","doc":"Shared by everything that one request set in motion."},{"name":"causationId","type":"string","doc":"Id of the event, request or timer run that directly caused this event."},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the service decided it, by that service\'s clock."}]},"doc":"Who caused this event and when; the same values travel as Kafka headers."},{"name":"orderId","type":"string","doc":"The order this belongs to; also the Kafka message key."},{"name":"customerId","type":"string","doc":"Subject of the customer who placed it."},{"name":"items","type":{"type":"array","items":{"type":"record","name":"OrderedItem","namespace":"orderflow.order","doc":"One line of the order.","fields":[{"name":"productId","type":"string","doc":"Product ordered; may stand on several lines."},{"name":"sellerId","type":"string","doc":"Seller who ships this line."},{"name":"quantity","type":"int","doc":"Units ordered, at least 1."},{"name":"unitPrice","type":{"type":"record","name":"Money","namespace":"orderflow","doc":"An amount of money, exact.","fields":[{"name":"amountMinor","type":"long","doc":"Amount in the currency\'s minor unit, for example cents."},{"name":"currency","type":"string","doc":"ISO 4217 code, three capital letters."}]},"doc":"Price of one unit when the order was placed."}]}},"doc":"The lines in the order the customer gave them; at least one."},{"name":"total","type":"orderflow.Money","doc":"Sum of quantity times unit price over all lines."},{"name":"payment","type":{"type":"record","name":"PaymentTerms","namespace":"orderflow.order","doc":"How the customer wants to pay.","fields":[{"name":"mode","type":{"type":"enum","name":"PaymentMode","namespace":"orderflow.order","doc":"AUTO charges once stock is reserved, MANUAL waits for the customer to pay.","symbols":["unspecified","AUTO","MANUAL"],"default":"unspecified"},"doc":"When to charge."},{"name":"method","type":"string","doc":"Payment method, for example `card`."},{"name":"token","type":["null","string"],"default":null,"doc":"Opaque token of the payment provider standing for the customer\'s card; never card data. Null lets the provider use its default."}]},"doc":"Terms of payment; inventory ignores them."}]}',
  },
  'order.fulfilled': {
    topic: 'order-events',
    subject: 'orderflow.order.OrderFulfilled',
    keyField: 'orderId',
    schema:
      '{"type":"record","name":"OrderFulfilled","namespace":"orderflow.order","doc":"The last seller shipped; the reserved stock leaves the warehouse for good.","eventType":"order.fulfilled","topic":"order-events","keyField":"orderId","fields":[{"name":"metadata","type":{"type":"record","name":"EventMetadata","namespace":"orderflow","doc":"Identity and causality of one event.","fields":[{"name":"eventId","type":"string","doc":"UUID of this event; equals the outbox row\'s id and the Kafka header `id`. Consumers deduplicate by it."},{"name":"correlationId","type":"string","doc":"Shared by everything that one request set in motion."},{"name":"causationId","type":"string","doc":"Id of the event, request or timer run that directly caused this event."},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the service decided it, by that service\'s clock."}]},"doc":"Who caused this event and when; the same values travel as Kafka headers."},{"name":"orderId","type":"string","doc":"The order this belongs to; also the Kafka message key."},{"name":"customerId","type":"string","doc":"Subject of the customer who placed it."}]}',
  },
  'payment.failed': {
    topic: 'payment-events',
    subject: 'orderflow.payment.PaymentFailed',
    keyField: 'orderId',
    schema:
      '{"type":"record","name":"PaymentFailed","namespace":"orderflow.payment","doc":"The gateway definitively refused to charge; no money was taken.","eventType":"payment.failed","topic":"payment-events","keyField":"orderId","fields":[{"name":"metadata","type":{"type":"record","name":"EventMetadata","namespace":"orderflow","doc":"Identity and causality of one event.","fields":[{"name":"eventId","type":"string","doc":"UUID of this event; equals the outbox row\'s id and the Kafka header `id`. Consumers deduplicate by it."},{"name":"correlationId","type":"string","doc":"Shared by everything that one request set in motion."},{"name":"causationId","type":"string","doc":"Id of the event, request or timer run that directly caused this event."},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the service decided it, by that service\'s clock."}]},"doc":"Who caused this event and when; the same values travel as Kafka headers."},{"name":"orderId","type":"string","doc":"The order this belongs to; also the Kafka message key."},{"name":"amount","type":{"type":"record","name":"Money","namespace":"orderflow","doc":"An amount of money, exact.","fields":[{"name":"amountMinor","type":"long","doc":"Amount in the currency\'s minor unit, for example cents."},{"name":"currency","type":"string","doc":"ISO 4217 code, three capital letters."}]},"doc":"What should have been captured."},{"name":"code","type":"string","doc":"Machine-readable cause, for example `card_declined` or `insufficient_funds`."}]}',
  },
  'payment.refunded': {
    topic: 'payment-events',
    subject: 'orderflow.payment.PaymentRefunded',
    keyField: 'orderId',
    schema:
      '{"type":"record","name":"PaymentRefunded","namespace":"orderflow.payment","doc":"Captured money went back in full because the order did not hold.","eventType":"payment.refunded","topic":"payment-events","keyField":"orderId","fields":[{"name":"metadata","type":{"type":"record","name":"EventMetadata","namespace":"orderflow","doc":"Identity and causality of one event.","fields":[{"name":"eventId","type":"string","doc":"UUID of this event; equals the outbox row\'s id and the Kafka header `id`. Consumers deduplicate by it."},{"name":"correlationId","type":"string","doc":"Shared by everything that one request set in motion."},{"name":"causationId","type":"string","doc":"Id of the event, request or timer run that directly caused this event."},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the service decided it, by that service\'s clock."}]},"doc":"Who caused this event and when; the same values travel as Kafka headers."},{"name":"orderId","type":"string","doc":"The order this belongs to; also the Kafka message key."},{"name":"amount","type":{"type":"record","name":"Money","namespace":"orderflow","doc":"An amount of money, exact.","fields":[{"name":"amountMinor","type":"long","doc":"Amount in the currency\'s minor unit, for example cents."},{"name":"currency","type":"string","doc":"ISO 4217 code, three capital letters."}]},"doc":"What was returned."},{"name":"chargeId","type":"string","doc":"The charge that was refunded."},{"name":"refundId","type":"string","doc":"The gateway\'s id of the refund."},{"name":"reason","type":{"type":"enum","name":"RefundReason","namespace":"orderflow.payment","doc":"Why the money went back. `unspecified` stands for a reason that is newer than the reader.","symbols":["unspecified","order_cancelled","reservation_expired"],"default":"unspecified"},"doc":"What undid the sale."}]}',
  },
  'payment.succeeded': {
    topic: 'payment-events',
    subject: 'orderflow.payment.PaymentSucceeded',
    keyField: 'orderId',
    schema:
      '{"type":"record","name":"PaymentSucceeded","namespace":"orderflow.payment","doc":"The gateway captured the money of an order.","eventType":"payment.succeeded","topic":"payment-events","keyField":"orderId","fields":[{"name":"metadata","type":{"type":"record","name":"EventMetadata","namespace":"orderflow","doc":"Identity and causality of one event.","fields":[{"name":"eventId","type":"string","doc":"UUID of this event; equals the outbox row\'s id and the Kafka header `id`. Consumers deduplicate by it."},{"name":"correlationId","type":"string","doc":"Shared by everything that one request set in motion."},{"name":"causationId","type":"string","doc":"Id of the event, request or timer run that directly caused this event."},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When the service decided it, by that service\'s clock."}]},"doc":"Who caused this event and when; the same values travel as Kafka headers."},{"name":"orderId","type":"string","doc":"The order this belongs to; also the Kafka message key."},{"name":"amount","type":{"type":"record","name":"Money","namespace":"orderflow","doc":"An amount of money, exact.","fields":[{"name":"amountMinor","type":"long","doc":"Amount in the currency\'s minor unit, for example cents."},{"name":"currency","type":"string","doc":"ISO 4217 code, three capital letters."}]},"doc":"What was captured."},{"name":"chargeId","type":"string","doc":"The gateway\'s id of the charge."}]}',
  },
};
