// The payment provider of the model. The invariant: one key, one effect.
import type { GatewayResult } from '../../../services/payment/domain/gateway-call.ts';
import type { Asked, Books } from './books.ts';
import type { Fate } from './steps.ts';

/** Asks the provider for the effect of a request, or for what became of it. */
export const askProvider = (
  { charges, refunds }: Pick<Books, 'charges' | 'refunds'>,
  asked: Asked,
  ask: 'charge' | 'refund' | 'look_up',
  fate: Fate,
): GatewayResult => {
  const { idempotencyKey, amount, chargeId } = asked.request;
  const lost: GatewayResult = { kind: 'unknown', error: 'no answer', timedOut: true };
  if (fate === 'lost') return lost;
  if (fate === 'busy') return { kind: 'in_progress' };
  if (ask === 'refund') {
    const known = refunds.get(idempotencyKey);
    const refund = known ?? {
      id: `refund ${refunds.size + 1}`,
      chargeId: chargeId ?? 'none',
      amount: amount.amountMinor,
    };
    if (!known) {
      if (fate === 'decline') return { kind: 'refused', code: 'refund_exceeds_charge' };
      refunds.set(idempotencyKey, refund);
    }
    return fate === 'dropped' ? lost : { kind: 'succeeded', gatewayId: refund.id };
  }
  let charge = charges.get(idempotencyKey);
  if (ask === 'charge' && !charge) {
    charge = {
      id: `charge ${charges.size + 1}`,
      orderId: asked.orderId,
      amount: amount.amountMinor,
      declined: fate === 'decline',
    };
    charges.set(idempotencyKey, charge);
  }
  if (fate === 'dropped') return lost;
  if (!charge) return { kind: 'absent' };
  return charge.declined
    ? { kind: 'refused', code: 'card_declined' }
    : { kind: 'succeeded', gatewayId: charge.id };
};
