// Which call of the gateway one request needs, and what its answer means. A cancelled order is never charged: if the charge was sent
// before, its outcome is looked up, since an unknown outcome may have moved money already.
import type { GatewayAnswer } from './decide.ts';
import type { GatewayRequest } from './payment.ts';

export interface Leased {
  readonly kind: GatewayRequest['kind'];
  /** The order was cancelled when the request was leased. */
  readonly isCancelled: boolean;
  /** How often the request was leased, this time included. */
  readonly attempts: number;
}

/** `look_up` reads the outcome of the idempotency key; `nothing` needs no call at all. */
export type GatewayCall = 'charge' | 'refund' | 'look_up' | 'nothing';

export function gatewayCallFor({ kind, isCancelled, attempts }: Leased): GatewayCall {
  if (kind === 'refund') return 'refund';
  if (!isCancelled) return 'charge';
  return attempts === 1 ? 'nothing' : 'look_up';
}

export type GatewayResult =
  | { readonly kind: 'succeeded'; readonly gatewayId: string }
  /** The provider has not done it and will not do it under this key. */
  | { readonly kind: 'refused'; readonly code: string }
  /** The provider has never carried out anything under the key. */
  | { readonly kind: 'absent' }
  /** The provider is still working on it. */
  | { readonly kind: 'in_progress' }
  /** Timeout, lost connection, or a failure of the provider: it may or may not have happened. */
  | { readonly kind: 'unknown'; readonly error: string; readonly timedOut: boolean };

/** The answer as an input of the saga; a string says why there is none yet, and the call is repeated. */
export function answerOf(kind: GatewayRequest['kind'], result: GatewayResult): GatewayAnswer | string {
  switch (result.kind) {
    case 'succeeded':
      return { kind, outcome: 'succeeded', gatewayId: result.gatewayId };
    case 'refused':
      // The refund is owed until it is made: a refusal is a problem for an operator, not an end.
      return kind === 'charge'
        ? { kind, outcome: 'declined', code: result.code }
        : `the gateway refused the refund: ${result.code}`;
    case 'absent':
      return kind === 'charge' ? { kind, outcome: 'abandoned' } : 'the gateway knows of no refund';
    case 'in_progress':
      return 'the gateway is still working on it';
    case 'unknown':
      return result.error;
    default:
      return result satisfies never;
  }
}
