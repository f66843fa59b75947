// What one look at the whole system saw: three databases, the provider's ledger and the topics. Plain values and times in
// epoch milliseconds, so that every check is a function of one snapshot and a test can write one down.

export type Service = 'order' | 'inventory' | 'payment';
export const everyService: readonly Service[] = ['order', 'inventory', 'payment'];

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

/** One row of the audit trail; the rows of an order come in the order they were written. */
export interface TrailFact {
  readonly orderId: string;
  readonly type: string;
  readonly inputId: string;
  readonly outcome: string;
  readonly status: string;
  readonly version: number;
}

/** An Idempotency-Key that was answered with an order. */
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

/** A product's columns beside the sums of its ledger and of the reservations that are live, all in one snapshot. */
export interface StockFact {
  readonly productId: string;
  readonly available: number;
  readonly reserved: number;
  readonly ledgerAvailable: number;
  readonly ledgerReserved: number;
  readonly held: number;
}

/** A movement of stock that exists more than once for one order and product. */
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
  /** The gateway has been asked, or is to be, and its answer is not known. */
  readonly unsettled: boolean;
}

/** A successful charge of the provider's own ledger. */
export interface ChargeFact {
  readonly id: string;
  readonly reference: string;
  readonly amountMinor: number;
  readonly refundedMinor: number;
  /** Of the charge or of its last refund. */
  readonly at: number;
}

export interface OutboxFact {
  readonly id: string;
  readonly service: Service;
  readonly type: string;
  readonly key: string;
  readonly at: number;
}

/** A committed record, by its headers. */
export interface TopicFact {
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly type: string;
  readonly key: string;
  readonly at: number;
}

export interface InboxFacts {
  /** Ids of those events of the snapshot that the group has claimed. */
  readonly processed: ReadonlySet<string>;
  /** Ids of those events of the snapshot that are parked as dead letters. */
  readonly parked: ReadonlySet<string>;
  /** The first offset that the group has not committed, by `topic/partition`, as it was before the inbox was read. */
  readonly committed: ReadonlyMap<string, number>;
}

export interface Facts {
  readonly orders: ReadonlyMap<string, OrderFact>;
  readonly trail: readonly TrailFact[];
  readonly keys: readonly KeyFact[];
  readonly reservations: ReadonlyMap<string, ReservationFact>;
  readonly stock: readonly StockFact[];
  readonly repeatedMovements: readonly RepeatedMovement[];
  readonly payments: ReadonlyMap<string, PaymentFact>;
  readonly charges: readonly ChargeFact[];
  readonly outbox: readonly OutboxFact[];
  /** From when on the outbox rows of a service are all in the snapshot. */
  readonly since: Readonly<Record<Service, number>>;
  /** Null when the topics could not be read to their ends: then nothing is said about them. */
  readonly records: ReadonlyMap<string, TopicFact> | null;
  readonly inboxes: Readonly<Record<Service, InboxFacts>>;
}

export interface Patience {
  readonly now: number;
  /** What changed less than this long ago may still be on its way, ms. */
  readonly graceMs: number;
  /** How long an order may wait for one step of the saga before it counts as stuck, ms. */
  readonly deadlineMs: number;
}
