// The HTTP client of the payment provider. Every call returns a GatewayResult. Definite results are `succeeded`, `refused` and
// `absent` (a look-up has found no charge). After `in_progress` and `unknown`, money may have moved, so the request stays open and
// is repeated. Every call carries the idempotency key of its request, so a repeated call never charges twice.
import { z } from 'zod';
import type { Money } from '../../../schemas/generated/events.ts';
import { SpanStatusCode } from '@opentelemetry/api';
import { beginSpan, SpanKind } from '../../platform/telemetry/tracing.ts';
import type { GatewayResult } from '../domain/gateway-call.ts';

interface Keyed {
  readonly idempotencyKey: string;
  readonly traceparent: string;
  /** How often this request was already sent since it was leased; 0 if absent. Earlier leases do not count. */
  readonly resends?: number;
}
export interface ChargeRequest extends Keyed {
  readonly amount: Money;
  readonly token: string | null;
  /** The order id, shown as the reference in the provider's ledger. */
  readonly reference: string;
}
export interface RefundRequest extends Keyed {
  readonly chargeId: string;
  readonly amountMinor: number;
}
export type LookUpRequest = Keyed;

/** Each method makes one call, which is cancelled when `signal` is aborted. No method throws. */
export interface GatewayClient {
  charge(request: ChargeRequest, signal: AbortSignal): Promise<GatewayResult>;
  refund(request: RefundRequest, signal: AbortSignal): Promise<GatewayResult>;
  /** Reads the outcome of the charge with the idempotency key. */
  lookUp(request: LookUpRequest, signal: AbortSignal): Promise<GatewayResult>;
}

const created = z.object({ id: z.string() });
const refusal = z.object({ code: z.string().max(100) });
const found = z.object({
  data: z.array(
    z.discriminatedUnion('status', [
      z.object({ status: z.literal('succeeded'), id: z.string() }),
      z.object({ status: z.literal('declined'), declineCode: z.string().max(100) }),
    ]),
  ),
});

/** Statuses of a request that was not executed and never will be. 429 is left out, because a repetition may succeed. */
const definite = new Set([400, 402, 403, 404, 422]);

const unknownAfter = (status: number): GatewayResult => ({
  kind: 'unknown',
  error: `the gateway answered ${status}`,
  timedOut: false,
});

/**
 * `conflictIsDefinite`: a 409 to a refund means that the refund exceeds the charge, so a repetition would fail too. A 409 to any
 * other request does not show whether the card was charged.
 */
const toFailure = (status: number, answer: unknown, conflictIsDefinite: boolean): GatewayResult => {
  if (status === 409 || definite.has(status)) {
    const { code } = refusal.parse(answer);
    if (code === 'request_in_progress') return { kind: 'in_progress' };
    if (status !== 409 || conflictIsDefinite) return { kind: 'refused', code };
  }
  return unknownAfter(status);
};

/** The result of a POST that creates a charge or a refund. */
const toCreated =
  (conflictIsDefinite: boolean) =>
  (status: number, answer: unknown): GatewayResult =>
    status === 201
      ? { kind: 'succeeded', gatewayId: created.parse(answer).id }
      : toFailure(status, answer, conflictIsDefinite);

export function createGatewayClient(baseUrl: string): GatewayClient {
  const { hostname } = new URL(baseUrl);
  const call = async (
    template: string,
    path: string,
    { idempotencyKey, traceparent: parent, resends = 0 }: Keyed,
    signal: AbortSignal,
    body: object | undefined,
    toResult: (status: number, answer: unknown) => GatewayResult,
  ): Promise<GatewayResult> => {
    const method = body === undefined ? 'GET' : 'POST';
    // The span has the template, not the path, because the path can contain the idempotency key.
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
    const endSpan = (result: GatewayResult): GatewayResult => {
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
      return endSpan(toResult(response.status, await response.json()));
    } catch (error) {
      const { name, message, cause } = error instanceof Error ? error : new Error(String(error));
      const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
      const text = signal.aborted ? 'the gateway did not answer in time' : `${name}: ${reason}`;
      return endSpan({ kind: 'unknown', error: text.slice(0, 500), timedOut: signal.aborted });
    }
  };

  return {
    charge: (request, signal) => {
      const { amount, token, reference } = request;
      const body = { ...amount, ...(token === null ? {} : { token }), reference };
      return call('/v1/charges', '/v1/charges', request, signal, body, toCreated(false));
    },
    refund: (request, signal) => {
      const { chargeId, amountMinor } = request;
      const path = `/v1/charges/${encodeURIComponent(chargeId)}/refunds`;
      return call('/v1/charges/{id}/refunds', path, request, signal, { amountMinor }, toCreated(true));
    },
    lookUp: (request, signal) => {
      const path = `/v1/charges?idempotencyKey=${encodeURIComponent(request.idempotencyKey)}`;
      return call('/v1/charges', path, request, signal, undefined, (status, answer) => {
        if (status !== 200) {
          // A refused look-up does not show whether the card was charged, so the outcome of the charge stays unknown.
          const result = toFailure(status, answer, false);
          return result.kind === 'refused' ? unknownAfter(status) : result;
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
