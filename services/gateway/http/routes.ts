// The provider's routes: charges and refunds with idempotency keys, the ledger, and the behaviour. Tests change the behaviour to
// make the provider fail.
import { permissionsOfProcesses } from '../../platform/http/endpoint/permissions.ts';
import { permissions } from './permissions.ts';
import type { Context } from 'hono';
import { setTimeout as delay } from 'node:timers/promises';
import { assertPermitted } from '../../platform/http/endpoint/endpoint.ts';
import type { HttpOptions } from '../../platform/http/limits/guards.ts';
import type { Health } from '../../platform/http/routes/health.ts';
import { createApp } from '../../platform/http/server/app.ts';
import type { App, AppEnv } from '../../platform/http/server/request-context.ts';
import type { Logger } from '../../platform/process/logger.ts';
import { normalBehaviour, outcomeOfCharge, outcomeOfRefund, random, type Behaviour } from '../behaviour.ts';
import type { Charge, Ledger, Refund } from '../ledger.ts';
import { createSingleFlight } from '../single-flight.ts';
import {
  changeBehaviourRoute,
  createChargeRoute,
  findChargesRoute,
  gatewayProblems,
  problem,
  readBehaviourRoute,
  readLedgerRoute,
  refundChargeRoute,
} from './api.ts';
import { fingerprintOf, executeOnce, keyFrom, replayHeaders, type ExecutionResult } from './idempotency.ts';

interface GatewayOptions {
  readonly logger: Logger;
  readonly ledger: Ledger;
  readonly health: Health;
  /** Aborts requests that hang on purpose. */
  readonly stopping: AbortSignal;
  readonly publicUrl?: string | undefined;
  readonly httpOptions?: HttpOptions;
}

/** Milliseconds after which the connection of a hanging request is dropped. */
const hangMs = 120_000;

export const createGatewayApp = ({
  logger,
  ledger,
  health,
  stopping,
  publicUrl,
  httpOptions,
}: GatewayOptions): App => {
  const app = createApp({
    logger,
    title: 'OrderFlow payment gateway (mock provider)',
    description: 'Charges and refunds like a real provider, with faults on demand.',
    problems: gatewayProblems,
    publicUrl,
    ...httpOptions,
  });
  health.register(app);

  let behaviour: Behaviour = normalBehaviour;
  let requestCount = 0;
  const nextRandom = (): number => random(behaviour.seed, requestCount++);

  // The connection is closed, so the client never gets the problem; it only appears in the log.
  const drop = (c: Context<AppEnv>): never => {
    c.env.outgoing?.destroy();
    throw problem('unavailable', { detail: 'The connection was dropped on purpose.' });
  };

  // Nothing is charged and the key stays unused: a repeated request is executed.
  const hang = async (c: Context<AppEnv>): Promise<never> => {
    const aborted = AbortSignal.any([c.req.raw.signal, stopping]);
    await delay(hangMs, undefined, { signal: aborted }).catch(() => undefined);
    return drop(c);
  };

  const chargeFlights = createSingleFlight<ExecutionResult<Charge> | 'hang'>();
  const refundFlights = createSingleFlight<ExecutionResult<Refund> | 'hang'>();

  app.openapi(createChargeRoute, async (c) => {
    const { amountMinor, currency, token, reference } = c.req.valid('json');
    const key = keyFrom(c.req.valid('header')['idempotency-key']);
    const fingerprint = fingerprintOf(amountMinor, currency, token, reference);
    const execution = await executeOnce({
      flights: chargeFlights,
      key,
      fingerprint,
      findRecorded: ledger.chargeByKey,
      decide: () => outcomeOfCharge(behaviour, token, nextRandom()),
      execute: (outcome) =>
        ledger.recordCharge({
          idempotencyKey: key,
          fingerprint,
          amountMinor,
          currency,
          reference,
          ...(outcome.kind === 'decline' ? { declineCode: outcome.code } : {}),
        }),
    });
    if (execution === 'hang') return hang(c);
    if (execution.dropConnection) return drop(c);
    const headers = replayHeaders(execution);
    const { declineCode, id } = execution.value;
    if (declineCode !== undefined) {
      throw problem(declineCode, {
        detail: `${gatewayProblems[declineCode].explanation} Charge ${id}.`,
        headers,
      });
    }
    return c.json(execution.value, 201, headers);
  });

  app.openapi(refundChargeRoute, async (c) => {
    const { amountMinor } = c.req.valid('json');
    const { id: chargeId } = c.req.valid('param');
    const key = keyFrom(c.req.valid('header')['idempotency-key']);
    const fingerprint = fingerprintOf(chargeId, amountMinor);
    const execution = await executeOnce({
      flights: refundFlights,
      key,
      fingerprint,
      findRecorded: ledger.refundByKey,
      decide: () => outcomeOfRefund(behaviour, nextRandom()),
      execute: async () => {
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
    if (execution === 'hang') return hang(c);
    if (execution.dropConnection) return drop(c);
    return c.json(execution.value, 201, replayHeaders(execution));
  });

  app.openapi(findChargesRoute, async (c) => {
    const { idempotencyKey } = c.req.valid('query');
    // An empty list would mean that the key was never charged, but a charge with this key is in progress.
    if (chargeFlights.current(idempotencyKey) !== undefined) {
      throw problem('request_in_progress', { headers: { 'Retry-After': '1' } });
    }
    const known = await ledger.chargeByKey(idempotencyKey);
    return c.json({ data: known === undefined ? [] : [known.value] }, 200);
  });

  app.openapi(readLedgerRoute, async (c) => {
    const { charges, refunds, captured, refunded } = await ledger.snapshot(c.req.valid('query').limit);
    return c.json(
      { charges: [...charges], refunds: [...refunds], captured: [...captured], refunded: [...refunded] },
      200,
    );
  });

  app.openapi(readBehaviourRoute, (c) => c.json(behaviour, 200));
  app.openapi(changeBehaviourRoute, (c) => {
    behaviour = c.req.valid('json');
    requestCount = 0;
    logger.warn('behaviour changed', { ...behaviour });
    return c.json(behaviour, 200);
  });

  assertPermitted(app, 'gateway', permissions, permissionsOfProcesses);
  return app;
};
