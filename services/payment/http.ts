// The payment service's HTTP API: what became of a payment, and paying for an order that waits for it.
import { createRoute, z } from '@hono/zod-openapi';
import { requireRole, type Authenticator } from '../platform/auth.ts';
import type { Database } from '../platform/database.ts';
import { handle, unclaimed, type Shell } from '../platform/handle.ts';
import { messageContextOf, principalOf, type App } from '../platform/http.ts';
import {
  fingerprintOf,
  idempotencyKeyHeader,
  idempotencyProblems,
  replayHeaders,
} from '../platform/idempotency-http.ts';
import { idempotencyClaim, type Answer } from '../platform/idempotency.ts';
import { defineProblems, problemResponses } from '../platform/problem.ts';
import { repaired, repairRoute } from '../platform/repair.ts';
import type { PaymentInput } from './domain/decide.ts';
import { paymentStatus, type PaymentView } from './domain/payment.ts';
import type { Circuit } from './gateway.ts';
import { countWaiting, findPayment, paying, repairing, type PaymentDetails } from './store.ts';

export const { kinds: paymentProblems, problem } = defineProblems({
  ...idempotencyProblems,
  not_payable: {
    status: 409,
    title: 'Not payable',
    explanation: 'Only an order that holds its stock can be paid. It may not hold it yet, or not any more.',
  },
  not_manual: {
    status: 409,
    title: 'Charged automatically',
    explanation: 'Only orders placed with payment mode MANUAL are paid by this call.',
  },
});

const money = z
  .object({ amountMinor: z.int(), currency: z.string() })
  .openapi('Money', { description: 'Integer amount in the minor unit of an ISO 4217 currency' });

const asked = z.object({
  id: z.uuid(),
  state: z.enum(['due', 'unknown', 'succeeded', 'declined', 'abandoned']),
  amount: money,
  gatewayId: z.string().nullable(),
  calls: z.int().openapi({ description: 'How often the gateway was called, always under the same key' }),
  error: z.string().nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
const paymentView = z
  .object({
    orderId: z.uuid(),
    amount: money,
    state: z.enum(['PENDING', 'SUCCEEDED', 'FAILED', 'UNKNOWN', 'REFUNDED']),
    method: z.string(),
    failureCode: z.string().nullable(),
    attempts: z.array(asked),
    refunds: z.array(asked),
  })
  .openapi('Payment');

const askedState = asked.shape.state;

/** The payment as clients see it; undefined while its terms are not known. */
const toView = ({ payment, transactions }: PaymentDetails): z.infer<typeof paymentView> | undefined => {
  const { terms, orderId, failureCode } = payment;
  if (!terms) return undefined;
  const of = (kind: string) =>
    transactions
      .filter((row) => row.kind === kind)
      .map((row) => ({
        id: row.id,
        state: askedState.parse(row.state),
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
    attempts: of('charge'),
    refunds: of('refund'),
  };
};

const json = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } });
const orderId = z.object({ orderId: z.uuid() });
const security = [{ bearer: [] }];

const readRoute = createRoute({
  method: 'get',
  path: '/api/v1/payments/{orderId}',
  summary: 'The payment of an order',
  security,
  request: { params: orderId },
  responses: {
    200: { description: 'The payment', content: json(paymentView) },
    ...problemResponses(401, 403, 404, 503),
  },
});

const payRoute = createRoute({
  method: 'post',
  path: '/api/v1/payments/{orderId}/pay',
  summary: 'Pay for an order placed with payment mode MANUAL',
  security,
  request: {
    params: orderId,
    headers: z.object(idempotencyKeyHeader),
    body: {
      required: true,
      content: json(
        z
          .strictObject({
            token: z
              .string()
              .regex(
                /^tok_[A-Za-z0-9_]{1,100}$/,
                'must be a token of the payment provider, such as tok_success',
              ),
          })
          .openapi('Pay'),
      ),
    },
  },
  responses: {
    200: { description: 'It was paid for before; the payment as it is', content: json(paymentView) },
    202: {
      description: 'The charge is under way; read the payment for its outcome',
      content: json(paymentView),
    },
    ...problemResponses(400, 401, 403, 404, 409, 413, 415, 422, 503),
  },
});

const circuitView = z
  .object({
    state: z.enum(['closed', 'open', 'half_open']),
    openedAt: z.iso.datetime().nullable(),
    calls: z.int().openapi({ description: 'Calls of the gateway since this instance started' }),
    successes: z.int(),
    declines: z.int().openapi({ description: 'Definite refusals' }),
    unknown: z.int().openapi({ description: 'Calls after which it was not known whether money moved' }),
    rejected: z.int().openapi({ description: 'Requests and retries that the open circuit turned away' }),
    waiting: z.int().openapi({ description: 'Charges and refunds without an answer, of all instances' }),
  })
  .openapi('GatewayCircuit');

const circuitRoute = createRoute({
  method: 'get',
  path: '/api/v1/gateway',
  summary: 'The circuit breaker between this instance and the payment gateway',
  security,
  responses: {
    200: { description: 'Its state and what it counted', content: json(circuitView) },
    ...problemResponses(401, 403, 503),
  },
});

interface PaidAnswer extends Answer {
  readonly status: 200 | 202;
  readonly body: z.infer<typeof paymentView>;
}

export interface GatewayAccess {
  /** Called after a commit that made a charge due. */
  readonly askGateway: () => void;
  readonly circuit: () => Circuit;
}

const repairPaymentRoute = repairRoute('/api/v1/payments/{orderId}/repair', orderId);

/** Adds the payment routes to an application. */
export function registerPaymentRoutes(
  app: App,
  shell: Shell,
  { authenticate }: Authenticator,
  { askGateway, circuit }: GatewayAccess,
): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.use('/api/*', authenticate);
  app.use('/api/v1/payments/:orderId', requireRole('USER', 'ADMIN'));
  app.use('/api/v1/payments/:orderId/pay', requireRole('USER'));

  app.openapi(readRoute, async (c) => {
    const { subject, roles } = principalOf(c);
    const found = await findPayment(shell.db, c.req.valid('param').orderId);
    const view = found && toView(found);
    const mayRead = roles.includes('ADMIN') || found?.payment.terms?.customerId === subject;
    if (!view || !mayRead) throw problem('not_found');
    return c.json(view, 200);
  });

  app.use('/api/v1/gateway', requireRole('ADMIN'));
  app.openapi(circuitRoute, async (c) => {
    const { openedAt, ...counts } = circuit();
    const waiting = await countWaiting(shell.db);
    return c.json({ ...counts, openedAt: openedAt?.toISOString() ?? null, waiting }, 200);
  });

  /** What is answered to a payment: 202 while its outcome is open. */
  const paid = async (db: Pick<Database, 'select'>, id: string): Promise<PaidAnswer> => {
    const found = await findPayment(db, id);
    const body = found && toView(found);
    if (!body) throw problem('not_found');
    const isOpen = body.state === 'PENDING' || body.state === 'UNKNOWN';
    return { status: isOpen ? 202 : 200, body, headers: {} };
  };

  app.openapi(payRoute, async (c) => {
    const context = messageContextOf(c);
    const { orderId: id } = c.req.valid('param');
    const { token } = c.req.valid('json');
    const key = c.req.valid('header')['idempotency-key'];
    const { subject: customerId } = principalOf(c);
    const at = new Date();
    const input: PaymentInput = { type: 'pay', data: { orderId: id, customerId, token }, at };
    // Under a key the first answer is the one that is kept: read a moment later, it could differ from its replays.
    let kept: PaidAnswer | undefined;
    const claim =
      key === undefined
        ? unclaimed
        : idempotencyClaim<PaymentView>({
            scope: `${customerId} POST /api/v1/payments/${id.toLowerCase()}/pay`,
            key,
            fingerprint: fingerprintOf({ token }),
            answer: async (_decision, tx) => (kept = await paid(tx, id)),
          });
    const handled = await handle(shell, paying, { id: context.causationId, context, at, input }, claim);
    if (handled.kind === 'duplicate') {
      const { status, body } = handled.prior;
      return c.json(paymentView.parse(body), status === 202 ? 202 : 200, replayHeaders(handled.prior));
    }
    if (handled.kind === 'accepted') askGateway();
    const { status, body } = kept ?? (await paid(shell.db, id));
    return c.json(body, status);
  });

  app.use(repairPaymentRoute.getRoutingPath(), requireRole('ADMIN'));
  app.openapi(repairPaymentRoute, async (c) => {
    const { orderId: id } = c.req.valid('param');
    const { reason } = c.req.valid('json');
    const context = messageContextOf(c);
    const message = { id: context.causationId, context, at: new Date(), input: { orderId: id, reason } };
    const handled = await handle(shell, repairing, message, unclaimed);
    if (handled.kind === 'duplicate') return handled.prior;
    const answer = repaired(id, handled);
    c.get('logger').info('repair', { ...answer, reason, actor: context.actor });
    return c.json(answer, 200);
  });
}
