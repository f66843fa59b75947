// Decides which gateway call a request needs, and what the result means for the payment. A charge is not sent if the payment was
// closed before the request was leased. If such a request had an earlier lease, money may have moved, so the outcome is looked
// up.
import type { GatewayAnswer } from './decide.ts';
import type { GatewayRequest } from './payment.ts';

interface LeasedRequest {
  readonly kind: GatewayRequest['kind'];
  /** The payment was closed when the request was leased. */
  readonly isClosed: boolean;
  /** How often the request was leased, including this lease. */
  readonly attempts: number;
}

/** `look_up`: read the outcome under the idempotency key. `nothing`: no call is needed. */
type GatewayCall = 'charge' | 'refund' | 'look_up' | 'nothing';

export function gatewayCallFor({ kind, isClosed, attempts }: LeasedRequest): GatewayCall {
  if (kind === 'refund') return 'refund';
  if (!isClosed) return 'charge';
  return attempts === 1 ? 'nothing' : 'look_up';
}

export type GatewayResult =
  | { readonly kind: 'succeeded'; readonly gatewayId: string }
  /** Definite: the provider has not executed the request and will not execute it under this key. */
  | { readonly kind: 'refused'; readonly code: string }
  /** Definite: the provider has no request under this key. */
  | { readonly kind: 'absent' }
  /** The provider is still processing the request. */
  | { readonly kind: 'in_progress' }
  /** Timeout, lost connection, or an error of the provider: money may have moved. */
  | { readonly kind: 'unknown'; readonly error: string; readonly timedOut: boolean };

/**
 * Returns the answer that the payment handles next. If the request stays open, returns the reason as text, and the call is
 * repeated: the outcome is unknown, or a refund was not executed.
 */
export function answerOf(kind: GatewayRequest['kind'], result: GatewayResult): GatewayAnswer | string {
  switch (result.kind) {
    case 'succeeded':
      return { kind, outcome: 'succeeded', gatewayId: result.gatewayId };
    case 'refused':
      // A refused refund is still owed to the customer, so it stays open; an operator has to act.
      return kind === 'charge'
        ? { kind, outcome: 'declined', code: result.code }
        : `the gateway refused the refund: ${result.code}`;
    case 'absent':
      return kind === 'charge' ? { kind, outcome: 'abandoned' } : 'the gateway has no such refund';
    case 'in_progress':
      return 'the gateway is still processing the request';
    case 'unknown':
      return result.error;
    default:
      return result satisfies never;
  }
}
