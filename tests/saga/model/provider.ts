// The payment provider of the model: one effect per idempotency key.
import type { GatewayResult } from '../../../services/payment/domain/gateway-call.ts';
import type { StoredRequest, ModelState } from './state.ts';
import type { ProviderBehaviour } from './steps.ts';

/** Sends a request to the provider, or looks up its outcome. */
export const callProvider = (
  { charges, refunds }: Pick<ModelState, 'charges' | 'refunds'>,
  stored: StoredRequest,
  call: 'charge' | 'refund' | 'look_up',
  behaviour: ProviderBehaviour,
): GatewayResult => {
  const { idempotencyKey, amount, chargeId } = stored.request;
  const lostResponse: GatewayResult = { kind: 'unknown', error: 'no answer', timedOut: true };
  if (behaviour === 'lost') return lostResponse;
  if (behaviour === 'busy') return { kind: 'in_progress' };
  if (call === 'refund') {
    const known = refunds.get(idempotencyKey);
    const refund = known ?? {
      id: `refund ${refunds.size + 1}`,
      chargeId: chargeId ?? 'none',
      amount: amount.amountMinor,
    };
    if (!known) {
      if (behaviour === 'decline') return { kind: 'refused', code: 'refund_exceeds_charge' };
      refunds.set(idempotencyKey, refund);
    }
    return behaviour === 'dropped' ? lostResponse : { kind: 'succeeded', gatewayId: refund.id };
  }
  let charge = charges.get(idempotencyKey);
  if (call === 'charge' && !charge) {
    charge = {
      id: `charge ${charges.size + 1}`,
      orderId: stored.orderId,
      amount: amount.amountMinor,
      declined: behaviour === 'decline',
    };
    charges.set(idempotencyKey, charge);
  }
  if (behaviour === 'dropped') return lostResponse;
  if (!charge) return { kind: 'absent' };
  return charge.declined
    ? { kind: 'refused', code: 'card_declined' }
    : { kind: 'succeeded', gatewayId: charge.id };
};
