// What to ask the gateway for one request, and what its answer means. A charge whose sale is off is never made: if it was
// asked for before, the gateway is asked what became of it, since an unknown outcome may have moved money already.
import type { GatewayAnswer } from './decide.ts';
import type { GatewayRequest } from './payment.ts';

export interface Leased {
  readonly kind: GatewayRequest['kind'];
  /** The sale was off when the request was leased. */
  readonly calledOff: boolean;
  /** Times the request was leased to be asked, this one included. */
  readonly attempts: number;
}

/** `look_up` asks what became of the idempotency key; `nothing` needs no call at all. */
export type Ask = 'charge' | 'refund' | 'look_up' | 'nothing';

export function whatToAsk({ kind, calledOff, attempts }: Leased): Ask {
  if (kind === 'refund') return 'refund';
  if (!calledOff) return 'charge';
  return attempts === 1 ? 'nothing' : 'look_up';
}

export type GatewayResult =
  | { readonly kind: 'succeeded'; readonly gatewayId: string }
  /** The provider's word that it did not do it and will not under this key. */
  | { readonly kind: 'refused'; readonly code: string }
  /** The provider has never carried out anything under the key. */
  | { readonly kind: 'absent' }
  /** The provider is at it. */
  | { readonly kind: 'in_progress' }
  /** Timeout, lost connection, or a failure of the provider: it may or may not have happened. */
  | { readonly kind: 'unknown'; readonly error: string; readonly timedOut: boolean };

/** The answer as an input of the saga; a string says why there is none yet, so it is asked again. */
export function answerOf(kind: GatewayRequest['kind'], result: GatewayResult): GatewayAnswer | string {
  switch (result.kind) {
    case 'succeeded':
      return { kind, outcome: 'succeeded', gatewayId: result.gatewayId };
    case 'refused':
      // Money that was taken is owed until it is back: a refusal is somebody's problem to solve, not an end.
      return kind === 'charge'
        ? { kind, outcome: 'declined', code: result.code }
        : `the gateway refused the refund: ${result.code}`;
    case 'absent':
      return kind === 'charge' ? { kind, outcome: 'abandoned' } : 'the gateway knows of no refund';
    case 'in_progress':
      return 'the gateway is at it';
    case 'unknown':
      return result.error;
    default:
      return result satisfies never;
  }
}
