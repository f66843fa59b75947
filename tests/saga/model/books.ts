// The facts of the shop in the model: what the three services and the provider have stored.
import type { Reservation, Stock } from '../../../services/inventory/domain/reservation.ts';
import type { Order, OrderStatus } from '../../../services/order/domain/order.ts';
import type { GatewayAnswer } from '../../../services/payment/domain/decide.ts';
import type { GatewayRequest, Payment } from '../../../services/payment/domain/payment.ts';
import { unitsAtStart } from './steps.ts';

export interface Asked {
  readonly request: GatewayRequest;
  readonly orderId: string;
  state: 'due' | 'unknown' | GatewayAnswer['outcome'];
  attempts: number;
  /** Which lease is the current one. */
  lease: number;
}
export interface Charge {
  readonly id: string;
  readonly orderId: string;
  readonly amount: number;
  readonly declined: boolean;
}
export interface Refund {
  readonly id: string;
  readonly chargeId: string;
  readonly amount: number;
}

export interface Books {
  readonly orders: Map<string, Order>;
  readonly reservations: Map<string, Reservation>;
  readonly stock: Map<string, Stock>;
  readonly payments: Map<string, Payment>;
  readonly requests: Asked[];
  readonly charges: Map<string, Charge>;
  readonly refunds: Map<string, Refund>;
  /** The status that each order had when it was checked last. */
  readonly lastStatus: Map<string, OrderStatus>;
  /** Orders of which the inventory knows that they are cancelled. */
  readonly offForInventory: Set<string>;
  /** Commands and timers that took effect, per order. */
  readonly effects: Map<string, Set<string>>;
}

/** The books of a shop in which nothing has happened yet. */
export const openBooks = (): Books => ({
  orders: new Map(),
  reservations: new Map(),
  stock: new Map([...unitsAtStart].map(([productId, available]) => [productId, { available, reserved: 0 }])),
  payments: new Map(),
  requests: [],
  charges: new Map(),
  refunds: new Map(),
  lastStatus: new Map(),
  offForInventory: new Set(),
  effects: new Map(),
});
