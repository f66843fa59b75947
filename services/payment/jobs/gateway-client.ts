// The provider, seen by us. An answer is either definite or it is not known whether money moved; only a definite answer
// may end an attempt. Every request carries the attempt's idempotency key, so asking again can never charge again.
import { z } from 'zod';
import type { Money } from '../../../schemas/generated/events.ts';
import { SpanStatusCode } from '@opentelemetry/api';
import { beginSpan, SpanKind } from '../../platform/telemetry/tracing.ts';
import type { GatewayResult } from '../domain/gateway-call.ts';

interface Keyed {
  readonly idempotencyKey: string;
  readonly traceparent: string;
  /** How often this request has been sent before; the first time when absent. */
  readonly resends?: number;
}
export interface ChargeRequest extends Keyed {
  readonly amount: Money;
  readonly token: string | null;
  /** Our reference, shown in the provider's ledger. */
  readonly reference: string;
}
export interface RefundRequest extends Keyed {
  readonly chargeId: string;
  readonly amountMinor: number;
}
export type LookUpRequest = Keyed;

/** One call each, until `signal` is aborted. They never throw. */
export interface GatewayClient {
  charge(request: ChargeRequest, signal: AbortSignal): Promise<GatewayResult>;
  refund(request: RefundRequest, signal: AbortSignal): Promise<GatewayResult>;
  /** What became of the charge under the key. */
  lookUp(request: LookUpRequest, signal: AbortSignal): Promise<GatewayResult>;
}

const entry = z.object({ id: z.string() });
const refusal = z.object({ code: z.string().max(100) });
const found = z.object({
  data: z.array(
    z.discriminatedUnion('status', [
      z.object({ status: z.literal('succeeded'), id: z.string() }),
      z.object({ status: z.literal('declined'), declineCode: z.string().max(100) }),
    ]),
  ),
});

/** Statuses that are the provider's word that it did not and will not do it. 429 is not: ask again. */
const definite = new Set([400, 402, 403, 404, 422]);

const refused = (status: number, answer: unknown, conflictIsDefinite: boolean): GatewayResult => {
  if (status === 409 || definite.has(status)) {
    const { code } = refusal.parse(answer);
    if (code === 'request_in_progress') return { kind: 'in_progress' };
    if (status !== 409 || conflictIsDefinite) return { kind: 'refused', code };
  }
  return { kind: 'unknown', error: `the gateway answered ${status}`, timedOut: false };
};

/** HTTP client of the provider at `baseUrl`. */
export function createGatewayClient(baseUrl: string): GatewayClient {
  const { hostname } = new URL(baseUrl);
  const call = async (
    template: string,
    path: string,
    { idempotencyKey, traceparent: parent, resends = 0 }: Keyed,
    signal: AbortSignal,
    body: object | undefined,
    understand: (status: number, answer: unknown) => GatewayResult,
  ): Promise<GatewayResult> => {
    const method = body === undefined ? 'GET' : 'POST';
    // The template, because the path of a question holds the idempotency key.
    const { span, traceparent } = beginSpan(`${method} ${template}`, {
      kind: SpanKind.CLIENT,
      parent,
      attributes: {
        'http.request.method': method,
        'url.template': template,
        'server.address': hostname,
        ...(resends === 0 ? {} : { 'http.request.resend_count': resends }),
      },
    });
    const told = (result: GatewayResult): GatewayResult => {
      span.setAttribute('orderflow.gateway.result', result.kind);
      if (result.kind === 'unknown') {
        span.setAttribute('error.type', result.timedOut ? 'timeout' : 'unknown');
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
      return result;
    };
    try {
      const response = await fetch(new URL(path, baseUrl), {
        ...(body === undefined ? {} : { method, body: JSON.stringify(body) }),
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey, traceparent },
        signal,
      });
      span.setAttribute('http.response.status_code', response.status);
      return told(understand(response.status, await response.json()));
    } catch (error) {
      const { name, message, cause } = error instanceof Error ? error : new Error(String(error));
      const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
      const text = signal.aborted ? 'the gateway did not answer in time' : `${name}: ${reason}`;
      return told({ kind: 'unknown', error: text.slice(0, 500), timedOut: signal.aborted });
    }
  };

  return {
    charge: (request, signal) => {
      const { amount, token, reference } = request;
      const body = { ...amount, ...(token === null ? {} : { token }), reference };
      return call('/v1/charges', '/v1/charges', request, signal, body, (status, answer) =>
        status === 201
          ? { kind: 'succeeded', gatewayId: entry.parse(answer).id }
          : refused(status, answer, false),
      );
    },
    refund: (request, signal) => {
      const { chargeId, amountMinor } = request;
      const path = `/v1/charges/${encodeURIComponent(chargeId)}/refunds`;
      return call('/v1/charges/{id}/refunds', path, request, signal, { amountMinor }, (status, answer) =>
        status === 201
          ? { kind: 'succeeded', gatewayId: entry.parse(answer).id }
          : refused(status, answer, true),
      );
    },
    lookUp: (request, signal) => {
      const path = `/v1/charges?idempotencyKey=${encodeURIComponent(request.idempotencyKey)}`;
      return call('/v1/charges', path, request, signal, undefined, (status, answer) => {
        if (status !== 200) {
          // Only the charge itself can be refused; a question that is refused leaves its outcome unknown.
          const result = refused(status, answer, false);
          return result.kind === 'refused'
            ? { kind: 'unknown', error: `the gateway answered ${status}`, timedOut: false }
            : result;
        }
        const [charge] = found.parse(answer).data;
        if (!charge) return { kind: 'absent' };
        return charge.status === 'succeeded'
          ? { kind: 'succeeded', gatewayId: charge.id }
          : { kind: 'refused', code: charge.declineCode };
      });
    },
  };
}
