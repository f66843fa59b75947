// The HTTP API of the payment service: schemas, endpoints and problems.
import { permissions } from './permissions.ts';
import { z } from '@hono/zod-openapi';
import { endpoint } from '../../platform/http/endpoint/endpoint.ts';
import { idempotencyKeyHeader, idempotencyProblems } from '../../platform/http/request/idempotency-http.ts';
import { defineProblems } from '../../platform/http/endpoint/problem.ts';
import { repairConfig } from '../../platform/http/routes/repair.ts';
import { json, jsonBody, money } from '../../platform/http/request/shapes.ts';
import { uuid } from '../../platform/http/request/text.ts';

export const { kinds: paymentProblems, problem } = defineProblems({
  ...idempotencyProblems,
  not_payable: {
    status: 409,
    title: 'Not payable',
    explanation:
      'An order can be paid only while its stock is reserved, and it is charged only once. `detail` has the state of the payment. If the stock is not reserved yet, repeat the call in a moment; after a decline or a cancellation, place a new order.',
  },
  not_manual: {
    status: 409,
    title: 'Charged automatically',
    explanation: 'Only orders placed with payment mode MANUAL are paid by this call.',
  },
});

const gatewayRequest = z.object({
  id: z.uuid(),
  state: z.enum(['due', 'unknown', 'succeeded', 'declined', 'abandoned']),
  amount: money,
  gatewayId: z.string().nullable(),
  calls: z
    .int()
    .openapi({ description: 'Number of attempts to call the gateway, all with the same idempotency key' }),
  error: z.string().nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export const paymentView = z
  .object({
    orderId: z.uuid(),
    amount: money,
    state: z.enum(['PENDING', 'SUCCEEDED', 'FAILED', 'UNKNOWN', 'REFUNDED']),
    method: z.string(),
    failureCode: z.string().nullable(),
    attempts: z.array(gatewayRequest),
    refunds: z.array(gatewayRequest),
  })
  .openapi('Payment');

export const requestState = gatewayRequest.shape.state;

const orderId = z.object({ orderId: uuid });

const readRoute = endpoint(permissions['payments.read'], {
  summary: 'Read the payment of an order',
  request: { params: orderId },
  responses: {
    200: { description: 'The payment', content: json(paymentView) },
  },
});

const payRoute = endpoint(permissions['payments.pay'], {
  summary: 'Pay for an order placed with payment mode MANUAL',
  request: {
    params: orderId,
    headers: z.object(idempotencyKeyHeader),
    body: jsonBody(
      z
        .strictObject({
          token: z
            .string()
            .regex(
              /^tok_[A-Za-z0-9_]{1,100}$/,
              'must be a token of the payment provider: tok_ and letters, digits or _',
            ),
        })
        .openapi('Pay'),
    ),
  },
  responses: {
    200: {
      description: 'The charge already has an outcome. The body has the current state of the payment.',
      content: json(paymentView),
    },
    202: {
      description:
        'The charge has no outcome yet; read the payment again for its outcome. An order is charged once: if an earlier request has started the charge, its token is used, and not the token of this request',
      content: json(paymentView),
    },
  },
  problems: [409],
});

const circuitView = z
  .object({
    state: z.enum(['closed', 'open', 'half_open']),
    openedAt: z.iso.datetime().nullable(),
    calls: z.int().openapi({ description: 'Calls to the gateway since this instance started' }),
    successes: z.int().openapi({ description: 'Including look-ups that found no charge' }),
    declines: z.int().openapi({ description: 'Calls that the gateway definitely refused' }),
    unknown: z.int().openapi({ description: 'Calls without a definite answer, so money may have moved' }),
    rejected: z.int().openapi({ description: 'Requests and retries that the open circuit rejected' }),
    waiting: z
      .int()
      .openapi({ description: 'Charges and refunds without a definite outcome, over all instances' }),
  })
  .openapi('GatewayCircuit');

const circuitRoute = endpoint(permissions['gateway.circuit'], {
  summary: 'Read the circuit breaker between this instance and the payment gateway',
  responses: {
    200: { description: 'The state and the counters of the circuit breaker', content: json(circuitView) },
  },
});

const repairRoute = endpoint(permissions['payments.repair'], repairConfig(orderId));

export const paymentApi = {
  read: readRoute,
  pay: payRoute,
  circuit: circuitRoute,
  repair: repairRoute,
} as const;
