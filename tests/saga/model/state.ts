// The state of the model: the data that the three services and the payment provider have stored.
import type { Reservation, Stock } from '../../../services/inventory/domain/reservation.ts';
import type { Order, OrderStatus } from '../../../services/order/domain/order.ts';
import type { GatewayAnswer } from '../../../services/payment/domain/decide.ts';
import type { GatewayRequest, Payment } from '../../../services/payment/domain/payment.ts';
import { initialUnits } from './steps.ts';

export interface StoredRequest {
  readonly request: GatewayRequest;
  readonly orderId: string;
  state: 'due' | 'unknown' | GatewayAnswer['outcome'];
  attempts: number;
  /** The number of the current lease. */
  lease: number;
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

export interface ModelState {
  readonly orders: Map<string, Order>;
  readonly reservations: Map<string, Reservation>;
  readonly stock: Map<string, Stock>;
  readonly payments: Map<string, Payment>;
  readonly requests: StoredRequest[];
  readonly charges: Map<string, Charge>;
  readonly refunds: Map<string, Refund>;
  /** The status of each order at the last check. */
  readonly lastStatus: Map<string, OrderStatus>;
  /** The orders whose cancellation the inventory service has handled. */
  readonly cancelledForInventory: Set<string>;
  /** The commands and timers that took effect, by order. */
  readonly effects: Map<string, Set<string>>;
}

/** The state before the first step. */
export const initialState = (): ModelState => ({
  orders: new Map(),
  reservations: new Map(),
  stock: new Map([...initialUnits].map(([productId, available]) => [productId, { available, reserved: 0 }])),
  payments: new Map(),
  requests: [],
  charges: new Map(),
  refunds: new Map(),
  lastStatus: new Map(),
  cancelledForInventory: new Set(),
  effects: new Map(),
});
