// The provider, seen by us. An answer is either definite or it is not known whether money moved; only a definite answer
// may end an attempt. Every request carries the attempt's idempotency key, so asking again can never charge again.
import { z } from 'zod';
import type { Money } from '../../schemas/generated/events.ts';

export interface ChargeRequest {
  readonly idempotencyKey: string;
  readonly amount: Money;
  readonly token: string | null;
  /** Our reference, shown in the provider's ledger. */
  readonly reference: string;
  readonly traceparent: string;
}
export interface RefundRequest {
  readonly idempotencyKey: string;
  readonly chargeId: string;
  readonly amountMinor: number;
  readonly traceparent: string;
}

export type GatewayResult =
  | { readonly kind: 'succeeded'; readonly gatewayId: string }
  | { readonly kind: 'declined'; readonly code: string }
  /** Timeout, lost connection, or a failure of the provider: it may or may not have happened. */
  | { readonly kind: 'unknown'; readonly error: string };

export interface GatewayClient {
  charge(request: ChargeRequest): Promise<GatewayResult>;
  refund(request: RefundRequest): Promise<GatewayResult>;
}

const succeeded = z.object({ id: z.string() });
const refused = z.object({ code: z.string().max(100) });

/** Statuses that are the provider's word that it did not and will not do it. 409 and 429 are not: ask again. */
const definite = new Set([400, 402, 403, 404, 422]);

/** HTTP client of the provider at `baseUrl`; every call is bounded by `timeoutMs`. It never throws. */
export function createGatewayClient(baseUrl: string, timeoutMs: number): GatewayClient {
  const post = async (
    path: string,
    idempotencyKey: string,
    traceparent: string,
    body: object,
  ): Promise<GatewayResult> => {
    try {
      const response = await fetch(new URL(path, baseUrl), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey, traceparent },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const answer: unknown = await response.json();
      if (response.ok) return { kind: 'succeeded', gatewayId: succeeded.parse(answer).id };
      if (definite.has(response.status)) return { kind: 'declined', code: refused.parse(answer).code };
      return { kind: 'unknown', error: `the gateway answered ${response.status}` };
    } catch (error) {
      const { name, message, cause } = error instanceof Error ? error : new Error(String(error));
      const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
      return { kind: 'unknown', error: `${name}: ${reason}`.slice(0, 500) };
    }
  };

  return {
    charge: ({ idempotencyKey, amount, token, reference, traceparent }) =>
      post('/v1/charges', idempotencyKey, traceparent, {
        ...amount,
        ...(token === null ? {} : { token }),
        reference,
      }),
    refund: ({ idempotencyKey, chargeId, amountMinor, traceparent }) =>
      post(`/v1/charges/${encodeURIComponent(chargeId)}/refunds`, idempotencyKey, traceparent, {
        amountMinor,
      }),
  };
}
