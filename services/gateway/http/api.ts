// The provider's API: problems, schemas and endpoints. The handlers are in routes.ts.
import { permissions } from './permissions.ts';
import { z } from '@hono/zod-openapi';
import { endpoint } from '../../platform/http/endpoint/endpoint.ts';
import { defineProblems } from '../../platform/http/endpoint/problem.ts';
import { integerIn, json } from '../../platform/http/request/shapes.ts';
import { printable } from '../../platform/http/request/text.ts';
import { modes, normalBehaviour } from '../behaviour.ts';

export const { kinds: gatewayProblems, problem } = defineProblems({
  idempotency_key_missing: {
    status: 400,
    title: 'Idempotency-Key missing',
    explanation:
      'Charges and refunds need the header Idempotency-Key with a key of 1 to 255 visible ASCII characters other than quotation marks. The whole key may be quoted.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency-Key reused',
    explanation: 'The key was used before with another body. Use a new key for a new request.',
  },
  request_in_progress: {
    status: 409,
    title: 'Request in progress',
    explanation: 'A charge under this key is being processed; try again in a moment.',
  },
  card_declined: { status: 402, title: 'Card declined', explanation: 'The card issuer declined the charge.' },
  insufficient_funds: {
    status: 402,
    title: 'Insufficient funds',
    explanation: 'The card does not have enough funds.',
  },
  invalid_token: { status: 422, title: 'Invalid token', explanation: 'No card belongs to this token.' },
  refund_exceeds_charge: {
    status: 409,
    title: 'Refund exceeds charge',
    explanation: 'The refunds of a charge cannot exceed the captured amount.',
  },
  provider_error: {
    status: 500,
    title: 'Provider error',
    explanation:
      'The provider failed before it had executed the request. The same request may be sent again.',
  },
});

/** Highest amount of a charge or refund, in minor units. */
const maxChargeMinor = 1_000_000_000_000;
const moneySchema = z.int().min(1).max(maxChargeMinor).openapi({ description: 'Minor units', example: 4200 });
const currencySchema = z
  .string()
  .regex(/^[A-Z]{3}$/)
  .openapi({ example: 'EUR' });
const newChargeSchema = z
  .strictObject({
    amountMinor: moneySchema,
    currency: currencySchema,
    token: printable(128).default('tok_success'),
    reference: printable(255),
  })
  .openapi('NewCharge');
const chargeSchema = z
  .object({
    id: z.string(),
    status: z.enum(['succeeded', 'declined']),
    declineCode: z.string().optional(),
    amountMinor: z.int(),
    currency: z.string(),
    reference: z.string(),
    createdAt: z.string(),
    idempotencyKey: z.string(),
  })
  .openapi('Charge');
const newRefundSchema = z.strictObject({ amountMinor: moneySchema }).openapi('NewRefund');
const refundSchema = z
  .object({
    id: z.string(),
    status: z.literal('succeeded'),
    chargeId: z.string(),
    amountMinor: z.int(),
    currency: z.string(),
    createdAt: z.string(),
    idempotencyKey: z.string(),
  })
  .openapi('Refund');
const totalsSchema = z.array(z.object({ currency: z.string(), amountMinor: z.int() }));
const ledgerSchema = z
  .object({
    charges: z.array(chargeSchema),
    refunds: z.array(refundSchema),
    captured: totalsSchema,
    refunded: totalsSchema,
  })
  .openapi('Ledger');
const behaviourSchema = z
  .strictObject({
    mode: z.enum(modes),
    rate: z.number().min(0).max(1).default(normalBehaviour.rate),
    latencyMs: z.int().min(0).max(120_000).default(normalBehaviour.latencyMs),
    seed: z.int32().default(normalBehaviour.seed),
  })
  .openapi('Behaviour');

const keyHeader = z.object({
  'idempotency-key': z.string().optional().openapi({ description: 'Required; quoted or unquoted' }),
});

export const createChargeRoute = endpoint(permissions['charges.create'], {
  tags: ['charges'],
  summary: 'Charge a card',
  request: { headers: keyHeader, body: { required: true, content: json(newChargeSchema) } },
  responses: {
    201: {
      description: 'Charged, by this or an earlier request with the same key',
      content: json(chargeSchema),
    },
  },
  problems: [402, 500],
});

export const refundChargeRoute = endpoint(permissions['charges.refund'], {
  tags: ['charges'],
  summary: 'Refund a charge, in full or in part',
  request: {
    params: z.object({ id: z.string() }),
    headers: keyHeader,
    body: { required: true, content: json(newRefundSchema) },
  },
  responses: {
    201: {
      description: 'Refunded, by this or an earlier request with the same key',
      content: json(refundSchema),
    },
  },
  problems: [409, 500],
});

export const findChargesRoute = endpoint(permissions['charges.find'], {
  tags: ['charges'],
  summary: 'Find the charge of an idempotency key',
  request: { query: z.object({ idempotencyKey: z.string().min(1).max(255) }) },
  responses: {
    200: {
      description: 'The charge, also if it was declined; an empty list when the key has no charge',
      content: json(z.object({ data: z.array(chargeSchema) })),
    },
  },
  problems: [409],
});

export const readLedgerRoute = endpoint(permissions['ledger.read'], {
  tags: ['ledger'],
  summary: 'The newest charges, declined ones included, with their refunds, and the totals of all entries',
  request: {
    query: z.object({
      limit: integerIn(1, 50_000).default(1_000).openapi({
        description: 'Maximum number of charges. They are sorted by time, oldest first.',
      }),
    }),
  },
  responses: { 200: { description: 'The ledger', content: json(ledgerSchema) } },
});

export const readBehaviourRoute = endpoint(permissions['behaviour.read'], {
  tags: ['behaviour'],
  summary: 'The current behaviour',
  responses: { 200: { description: 'The behaviour', content: json(behaviourSchema) } },
});

export const changeBehaviourRoute = endpoint(permissions['behaviour.change'], {
  tags: ['behaviour'],
  summary: 'Make the provider misbehave, until the next change or restart',
  request: { body: { required: true, content: json(behaviourSchema) } },
  responses: {
    200: { description: 'The new behaviour', content: json(behaviourSchema) },
  },
});
