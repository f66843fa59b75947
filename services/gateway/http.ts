// The provider's HTTP API: charges and refunds under idempotency keys, and the switch that makes it misbehave.
// The invariant: one key, one effect, whatever the caller repeats, however many at a time, across kill -9.
// Without it a caller that repeats after a lost answer would pay twice, and no caller could be tested against that.
import { z } from '@hono/zod-openapi';
import { type App, type AppEnv } from '../platform/http/server/request-context.ts';
import { json } from '../platform/http/request/shapes.ts';
import { assertPermitted, endpoint } from '../platform/http/endpoint/endpoint.ts';
import type { Context } from 'hono';
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Health } from '../platform/http/routes/health.ts';
import type { Door } from '../platform/http/limits/guards.ts';
import { createApp } from '../platform/http/server/app.ts';
import type { Logger } from '../platform/process/logger.ts';
import { defineProblems } from '../platform/http/endpoint/problem.ts';
import { printable } from '../platform/http/request/text.ts';
import {
  modes,
  normalBehaviour,
  outcomeOfCharge,
  outcomeOfRefund,
  random,
  type Behaviour,
  type Outcome,
} from './behaviour.ts';
import type { Charge, Ledger, Recorded, Refund } from './ledger.ts';
import { createSingleFlight, type SingleFlight } from './single-flight.ts';

const { kinds, problem } = defineProblems({
  idempotency_key_missing: {
    status: 400,
    title: 'Idempotency-Key missing',
    explanation: 'Charges and refunds need an Idempotency-Key header of 1 to 255 visible ASCII characters.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency-Key reused',
    explanation: 'The key was used before with another body. Use a new key for a new intent.',
  },
  request_in_progress: {
    status: 409,
    title: 'Request in progress',
    explanation: 'A charge under this key is being carried out right now; ask again in a moment.',
  },
  card_declined: { status: 402, title: 'Card declined', explanation: 'The card issuer declined the charge.' },
  insufficient_funds: {
    status: 402,
    title: 'Insufficient funds',
    explanation: 'The card has not enough funds.',
  },
  invalid_token: { status: 422, title: 'Invalid token', explanation: 'No card belongs to this token.' },
  refund_exceeds_charge: {
    status: 409,
    title: 'Refund exceeds charge',
    explanation: 'The refunds of a charge cannot add up to more than it captured.',
  },
  provider_error: {
    status: 500,
    title: 'Provider error',
    explanation: 'The provider failed before it did anything. The same request may be sent again.',
  },
});

const moneySchema = z
  .int()
  .min(1)
  .max(1_000_000_000_000)
  .openapi({ description: 'Minor units', example: 4200 });
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
  'idempotency-key': z.string().optional().openapi({ description: 'Required; quoted or bare' }),
});

/** The header draft writes the key as a quoted string; bare keys are what most callers send. */
const keyFrom = (header: string | undefined): string => {
  const key = /^"(.*)"$/.exec(header ?? '')?.[1] ?? header ?? '';
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw problem('idempotency_key_missing');
  return key;
};

const fingerprintOf = (...parts: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

export interface GatewayOptions {
  readonly logger: Logger;
  readonly ledger: Ledger;
  readonly health: Health;
  /** Ends requests that hang on purpose. */
  readonly stopping: AbortSignal;
  readonly publicUrl?: string | undefined;
  readonly door?: Door;
  /** Milliseconds after which a hanging request is cut; 120,000 when absent. */
  readonly hangMs?: number;
}

/** What a request under a key came to. `drop` means: carried out, but the answer must get lost. */
interface Done<T> {
  readonly value: T;
  readonly replayed: boolean;
  readonly drop: boolean;
}

interface Work<T> {
  readonly flights: SingleFlight<Done<T> | 'hang'>;
  readonly key: string;
  readonly fingerprint: string;
  readonly recorded: (key: string) => Promise<Recorded<T> | undefined>;
  readonly outcome: () => Outcome;
  readonly carryOut: (outcome: Outcome) => Promise<T>;
}

export const createGatewayApp = ({
  logger,
  ledger,
  health,
  stopping,
  publicUrl,
  door,
  hangMs = 120_000,
}: GatewayOptions): App => {
  const app = createApp({
    logger,
    title: 'OrderFlow payment gateway (mock provider)',
    description: 'Charges and refunds as a real provider would offer them, with faults on demand.',
    problems: kinds,
    publicUrl,
    ...door,
  });
  health.register(app);

  let behaviour: Behaviour = normalBehaviour;
  let drawn = 0;
  const draw = (): number => random(behaviour.seed, drawn++);

  // The answer that is thrown goes to a connection that no longer exists; it is what the log says.
  const drop = (c: Context<AppEnv>): never => {
    c.env.outgoing?.destroy();
    throw problem('unavailable', { detail: 'The connection was dropped on purpose.' });
  };

  // Nothing was charged, and the key stays free: a caller that gives up and repeats is not bound to this request.
  const hang = async (c: Context<AppEnv>): Promise<never> => {
    const gone = AbortSignal.any([c.req.raw.signal, stopping]);
    await delay(hangMs, undefined, { signal: gone }).catch(() => undefined);
    return drop(c);
  };

  const perform = async <T>({
    key,
    fingerprint,
    recorded,
    outcome,
    carryOut,
  }: Work<T>): Promise<Done<T> | 'hang'> => {
    const known = await recorded(key);
    if (known !== undefined) {
      if (known.fingerprint !== fingerprint) throw problem('idempotency_key_reused');
      return { value: known.value, replayed: true, drop: false };
    }
    const decided = outcome();
    if (decided.kind === 'hang') return 'hang';
    if (decided.kind === 'fail') throw problem('provider_error');
    if (decided.kind === 'delay') await delay(decided.latencyMs);
    return { value: await carryOut(decided), replayed: false, drop: decided.kind === 'carry_out_then_drop' };
  };

  const idempotently = async <T>(work: Work<T>): Promise<Done<T> | 'hang'> => {
    const { flights, key, fingerprint } = work;
    const isFirst = flights.current(key) === undefined;
    const flight = flights.join(key, fingerprint, () => perform(work));
    if (flight.fingerprint !== fingerprint) throw problem('idempotency_key_reused');
    const done = await flight.result;
    return isFirst || done === 'hang' ? done : { ...done, replayed: true, drop: false };
  };

  const chargeFlights = createSingleFlight<Done<Charge> | 'hang'>();
  const refundFlights = createSingleFlight<Done<Refund> | 'hang'>();

  app.openapi(
    endpoint('charges.create', {
      tags: ['charges'],
      summary: 'Charge a card',
      request: { headers: keyHeader, body: { required: true, content: json(newChargeSchema) } },
      responses: {
        201: { description: 'Charged, now or earlier under the same key', content: json(chargeSchema) },
      },
      problems: [402, 500],
    }),
    async (c) => {
      const { amountMinor, currency, token, reference } = c.req.valid('json');
      const key = keyFrom(c.req.valid('header')['idempotency-key']);
      const fingerprint = fingerprintOf(amountMinor, currency, token, reference);
      const done = await idempotently({
        flights: chargeFlights,
        key,
        fingerprint,
        recorded: ledger.chargeByKey,
        outcome: () => outcomeOfCharge(behaviour, token, draw()),
        carryOut: (outcome) =>
          ledger.recordCharge({
            idempotencyKey: key,
            fingerprint,
            amountMinor,
            currency,
            reference,
            ...(outcome.kind === 'decline' ? { declineCode: outcome.code } : {}),
          }),
      });
      if (done === 'hang') return hang(c);
      if (done.drop) return drop(c);
      const headers = replayHeaders(done);
      const { declineCode, id } = done.value;
      if (declineCode !== undefined) {
        throw problem(declineCode, { detail: `${kinds[declineCode].explanation} Charge ${id}.`, headers });
      }
      return c.json(done.value, 201, headers);
    },
  );

  app.openapi(
    endpoint('charges.refund', {
      tags: ['charges'],
      summary: 'Give back a charge, wholly or in part',
      request: {
        params: z.object({ id: z.string() }),
        headers: keyHeader,
        body: { required: true, content: json(newRefundSchema) },
      },
      responses: {
        201: { description: 'Refunded, now or earlier under the same key', content: json(refundSchema) },
      },
      problems: [409, 500],
    }),
    async (c) => {
      const { amountMinor } = c.req.valid('json');
      const { id: chargeId } = c.req.valid('param');
      const key = keyFrom(c.req.valid('header')['idempotency-key']);
      const fingerprint = fingerprintOf(chargeId, amountMinor);
      const done = await idempotently({
        flights: refundFlights,
        key,
        fingerprint,
        recorded: ledger.refundByKey,
        outcome: () => outcomeOfRefund(behaviour, draw()),
        carryOut: async () => {
          const refund = await ledger.recordRefund({
            idempotencyKey: key,
            fingerprint,
            chargeId,
            amountMinor,
          });
          if (refund === 'unknown_charge') throw problem('not_found', { detail: 'There is no such charge.' });
          if (refund === 'exceeds_charge') throw problem('refund_exceeds_charge');
          return refund;
        },
      });
      if (done === 'hang') return hang(c);
      if (done.drop) return drop(c);
      return c.json(done.value, 201, replayHeaders(done));
    },
  );

  app.openapi(
    endpoint('charges.find', {
      tags: ['charges'],
      summary: 'What became of an idempotency key',
      request: { query: z.object({ idempotencyKey: z.string().min(1).max(255) }) },
      responses: {
        200: {
          description: 'The charge, or an empty list when nothing was charged under the key',
          content: json(z.object({ data: z.array(chargeSchema) })),
        },
      },
      problems: [409],
    }),
    async (c) => {
      const { idempotencyKey } = c.req.valid('query');
      // An empty answer would read as "never charged", and a moment later it could be.
      if (chargeFlights.current(idempotencyKey) !== undefined) {
        throw problem('request_in_progress', { headers: { 'Retry-After': '1' } });
      }
      const known = await ledger.chargeByKey(idempotencyKey);
      return c.json({ data: known === undefined ? [] : [known.value] }, 200);
    },
  );

  app.openapi(
    endpoint('ledger.read', {
      tags: ['ledger'],
      summary: 'Everything that was ever charged, declined and refunded',
      responses: { 200: { description: 'The ledger', content: json(ledgerSchema) } },
    }),
    async (c) => {
      const { charges, refunds, captured, refunded } = await ledger.snapshot();
      return c.json(
        { charges: [...charges], refunds: [...refunds], captured: [...captured], refunded: [...refunded] },
        200,
      );
    },
  );

  app.openapi(
    endpoint('behaviour.read', {
      tags: ['behaviour'],
      summary: 'How the provider behaves now',
      responses: { 200: { description: 'The behaviour', content: json(behaviourSchema) } },
    }),
    (c) => c.json(behaviour, 200),
  );
  app.openapi(
    endpoint('behaviour.change', {
      tags: ['behaviour'],
      summary: 'Make the provider misbehave, until the next change or restart',
      request: { body: { required: true, content: json(behaviourSchema) } },
      responses: {
        200: { description: 'The behaviour from now on', content: json(behaviourSchema) },
      },
    }),
    (c) => {
      behaviour = c.req.valid('json');
      drawn = 0;
      logger.warn('behaviour changed', { ...behaviour });
      return c.json(behaviour, 200);
    },
  );

  assertPermitted(app, 'gateway');
  return app;
};

const replayHeaders = ({ replayed }: { readonly replayed: boolean }): Record<string, string> =>
  replayed ? { 'Idempotent-Replayed': 'true' } : {};
