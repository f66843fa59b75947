// The facts of one audit (a snapshot): three databases, the provider's ledger and the topics. The facts are plain data, and times
// are epoch milliseconds. A check reads only these facts and an `AuditTiming`, so a test can construct its input.

export type Service = 'order' | 'inventory' | 'payment';
export const everyService: readonly Service[] = ['order', 'inventory', 'payment'];

export const topicOf = (service: Service): string => `${service}-events`;
export const consumerGroupOf = (service: Service): string => `${service}-service-group`;

export interface OrderFact {
  readonly id: string;
  readonly status: string;
  readonly reservation: string;
  readonly expiresAt: number | null;
  readonly paymentMode: string;
  readonly payment: string;
  readonly totalMinor: number;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** One row of the audit trail of an order; the rows of one order are sorted by sequence number. */
export interface TrailFact {
  readonly orderId: string;
  readonly type: string;
  readonly inputId: string;
  readonly outcome: string;
  readonly status: string;
  readonly version: number;
}

/** An Idempotency-Key whose stored response is an order. */
export interface KeyFact {
  readonly key: string;
  readonly orderId: string;
  readonly exists: boolean;
}

export interface ReservationFact {
  readonly orderId: string;
  readonly state: string;
  readonly updatedAt: number;
}

/** Whether a reservation in this state holds stock. */
export const isLive = (state: string | undefined): boolean => state === 'reserved' || state === 'pinned';

/**
 * `available` (includes reserved units) and `reserved` of a product, the sums of its ledger, and the units of live reservations.
 */
export interface StockFact {
  readonly productId: string;
  readonly available: number;
  readonly reserved: number;
  readonly ledgerAvailable: number;
  readonly ledgerReserved: number;
  readonly held: number;
}

/** A stock movement that exists more than once for one order and product. */
export interface RepeatedMovement {
  readonly orderId: string;
  readonly productId: string;
  readonly kind: string;
  readonly times: number;
}

export interface PaymentFact {
  readonly orderId: string;
  readonly hold: string;
  readonly charge: string;
  readonly chargeId: string | null;
  readonly failureCode: string | null;
  readonly refund: string;
  readonly closedBy: string | null;
  readonly updatedAt: number;
  /** Whether a gateway request is due or its result is unknown. */
  readonly unsettled: boolean;
}

/** A successful charge in the provider's ledger. */
export interface ChargeFact {
  readonly id: string;
  readonly reference: string;
  readonly amountMinor: number;
  readonly refundedMinor: number;
  /** The time of the charge or of its last refund. */
  readonly at: number;
}

export interface OutboxFact {
  readonly id: string;
  readonly service: Service;
  readonly type: string;
  readonly key: string;
  readonly at: number;
}

/** A record on a topic; all values are from its key, headers, position and timestamp. */
export interface TopicFact {
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly type: string;
  readonly key: string;
  readonly at: number;
}

/** An inbox row: the position of the record that was handled, and when its transaction ran. */
export interface HandledFact {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly publishedAt: number;
  readonly processedAt: number;
  /** Number of transaction ids that the server has assigned since. Unlike a time, this number does not depend on a clock. */
  readonly transactionAge: number;
}

export interface InboxFacts {
  /** The snapshot's events for which the group has an inbox row, by event id. */
  readonly processed: ReadonlyMap<string, HandledFact>;
  /** Ids of the snapshot's events that are dead letters of the group. */
  readonly deadLettered: ReadonlySet<string>;
  /** The committed offset (the next to read) by `topic/partition`, read before the inbox. */
  readonly committed: ReadonlyMap<string, number>;
}

export interface Facts {
  readonly orders: ReadonlyMap<string, OrderFact>;
  readonly trail: readonly TrailFact[];
  /** Ids of the orders whose trail was read. `orders` also has orders that were read by id later, without their trail. */
  readonly trailOrderIds: ReadonlySet<string>;
  readonly keys: readonly KeyFact[];
  readonly reservations: ReadonlyMap<string, ReservationFact>;
  readonly stock: readonly StockFact[];
  readonly repeatedMovements: readonly RepeatedMovement[];
  readonly payments: ReadonlyMap<string, PaymentFact>;
  readonly charges: readonly ChargeFact[];
  /** `charges` has all charges from this time on, by the provider's clock; -Infinity: all charges. */
  readonly chargesSince: number;
  readonly outbox: readonly OutboxFact[];
  /** The snapshot has all outbox rows of a service from this time on. */
  readonly since: Readonly<Record<Service, number>>;
  /** By event id. Null when the topics could not be read to their ends; then they are not checked. */
  readonly records: ReadonlyMap<string, TopicFact> | null;
  readonly inboxes: Readonly<Record<Service, InboxFacts>>;
}

export interface AuditTiming {
  readonly now: number;
  /** A change within this time counts as in flight, ms. */
  readonly graceMs: number;
  /** How long an order may wait for one step of the saga before it counts as stuck, ms. */
  readonly deadlineMs: number;
}
