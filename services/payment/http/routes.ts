// The HTTP handlers of the payment service. A route reads, or passes one command to `handle`; it decides nothing.
import type { z } from '@hono/zod-openapi';
import type { Database } from '../../platform/database/database.ts';
import { handle, type Shell } from '../../platform/transaction/handle.ts';
import { claimOf, replayHeaders } from '../../platform/http/request/idempotency-http.ts';
import type { Answer } from '../../platform/transaction/idempotency.ts';
import { answerRepair } from '../../platform/http/routes/repair.ts';
import {
  callerOf,
  messageContextOf,
  entityIdFromPath,
  type App,
} from '../../platform/http/server/request-context.ts';
import { paymentApi, paymentView, problem, requestState } from './api.ts';
import type { PaymentInput } from '../domain/decide.ts';
import { paymentStatus, type PaymentView } from '../domain/payment.ts';
import type { Circuit } from '../jobs/gateway.ts';
import { countOpenRequests } from '../transaction-leases.ts';
import { findPayment, paymentHandler, repairHandler, type PaymentDetails } from '../store.ts';

/** The payment as clients see it; undefined until order.created has arrived. */
const toView = ({ payment, transactions }: PaymentDetails): z.infer<typeof paymentView> | undefined => {
  const { terms, orderId, failureCode } = payment;
  if (!terms) return undefined;
  const requestsOf = (kind: string) =>
    transactions
      .filter((row) => row.kind === kind)
      .map((row) => ({
        id: row.id,
        state: requestState.parse(row.state),
        amount: { amountMinor: row.amountMinor, currency: row.currency },
        gatewayId: row.gatewayId,
        calls: row.attempts,
        error: row.lastError,
        createdAt: row.createdAt.toISOString(),
        updatedAt: row.updatedAt.toISOString(),
      }));
  const unresolved = transactions.some((row) => row.kind === 'charge' && row.state === 'unknown');
  return {
    orderId,
    amount: { ...terms.amount },
    state: paymentStatus(payment, unresolved),
    method: terms.method,
    failureCode,
    attempts: requestsOf('charge'),
    refunds: requestsOf('refund'),
  };
};

interface PaymentAnswer extends Answer {
  readonly status: 200 | 202;
  readonly body: z.infer<typeof paymentView>;
}

interface GatewayAccess {
  /** Called after a commit that stored a request to the gateway. */
  readonly wakeGatewayCalls: () => void;
  readonly circuit: () => Circuit;
}

export function registerPaymentRoutes(
  app: App,
  shell: Shell,
  { wakeGatewayCalls, circuit }: GatewayAccess,
): void {
  app.use('/api/v1/payments/:orderId/*', entityIdFromPath('orderId', 'orderId'));

  app.openapi(paymentApi.read, async (c) => {
    const { subject, scope } = callerOf(c);
    const found = await findPayment(shell.db, c.req.valid('param').orderId);
    const view = found && toView(found);
    const mayRead = scope === 'all' || found?.payment.terms?.customerId === subject;
    if (!view || !mayRead) throw problem('not_found');
    return c.json(view, 200);
  });

  app.openapi(paymentApi.circuit, async (c) => {
    const { openedAt, ...counts } = circuit();
    const open = await countOpenRequests(shell.db);
    const waiting = [...open.values()].reduce((sum, requests) => sum + requests, 0);
    return c.json({ ...counts, openedAt: openedAt?.toISOString() ?? null, waiting }, 200);
  });

  /** The response to `pay`; its status is 202 while the outcome is open. */
  const answerOf = async (db: Pick<Database, 'select'>, id: string): Promise<PaymentAnswer> => {
    const found = await findPayment(db, id);
    const body = found && toView(found);
    if (!body) throw problem('not_found');
    const isOpen = body.state === 'PENDING' || body.state === 'UNKNOWN';
    return { status: isOpen ? 202 : 200, body, headers: {} };
  };

  app.openapi(paymentApi.pay, async (c) => {
    const context = messageContextOf(c);
    const { orderId: id } = c.req.valid('param');
    const { token } = c.req.valid('json');
    const key = c.req.valid('header')['idempotency-key'];
    const { subject: customerId } = callerOf(c);
    const at = new Date();
    const input: PaymentInput = { type: 'pay', data: { orderId: id, customerId, token }, at };
    // With a key, the first response must equal the stored response. A payment that is read again after the commit could differ.
    let stored: PaymentAnswer | undefined;
    const claim = claimOf<PaymentView>(
      c,
      key,
      { token },
      async (_decision, tx) => (stored = await answerOf(tx, id)),
    );
    const handled = await handle(
      shell,
      paymentHandler,
      { id: context.causationId, context, at, input },
      claim,
    );
    if (handled.kind === 'duplicate') {
      const { status, body } = handled.prior;
      return c.json(paymentView.parse(body), status === 202 ? 202 : 200, replayHeaders(handled.prior));
    }
    if (handled.kind === 'accepted' && handled.state.request) wakeGatewayCalls();
    const { status, body } = stored ?? (await answerOf(shell.db, id));
    return c.json(body, status);
  });

  app.openapi(paymentApi.repair, async (c) => {
    const { orderId } = c.req.valid('param');
    const { reason } = c.req.valid('json');
    const key = c.req.valid('header')['idempotency-key'];
    return c.json(...(await answerRepair(c, shell, repairHandler, key, { orderId, reason })));
  });
}
