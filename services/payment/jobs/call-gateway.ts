// Calls the gateway between two transactions. The first transaction, in `handle`, has stored the request and its idempotency key.
// The call is made without a transaction. The second transaction, in `handle` again, handles the answer. If the process dies in
// between, the lease ends and the request is sent again with the same key.
import { handle, unclaimed, type Shell } from '../../platform/transaction/handle.ts';
import type { Logger } from '../../platform/process/logger.ts';
import { backoffMs, type Backoff } from '../../platform/process/retry.ts';
import { every, type Timer } from '../../platform/process/timer.ts';
import { entityIdAttributes, inSpan, traceIdOf, type Traced } from '../../platform/telemetry/tracing.ts';
import { answerOf, gatewayCallFor } from '../domain/gateway-call.ts';
import type { Gateway, MayCall, Outcome } from './gateway.ts';
import {
  leaseDue,
  postpone,
  releaseLease,
  renewLease,
  type LeasedTransaction,
} from '../transaction-leases.ts';
import { paymentHandler } from '../store.ts';

interface GatewayCallsOptions {
  readonly shell: Shell;
  readonly gateway: Gateway;
  readonly logger: Logger;
  /**
   * Duration of a lease, ms. It is longer than a call, and each retry renews it. No call starts that could outlast its lease. So
   * when a look-up finds no charge, no other instance is charging. The one exception is an instance whose process was suspended
   * just before its call; `decide` refunds that late charge.
   */
  readonly leaseMs: number;
  /** Maximum duration of one call, ms. */
  readonly callMs: number;
  readonly backoff: Backoff;
  /** Pause before a refused refund is requested again, ms. */
  readonly refusedRetryMs: number;
  /** Pause between two queries for due requests, ms. */
  readonly pollMs: number;
  /** Maximum number of requests in progress, per instance. */
  readonly concurrency: number;
}

/** Sends due requests to the gateway. Call `wake` after a commit that stored a request. */
export function startGatewayCalls(options: GatewayCallsOptions): Timer {
  const { shell, gateway, logger, leaseMs, backoff, pollMs } = options;
  /** The latest start of a call. Computed before the request is leased, so the lease in the database ends later. */
  const latestStart = (): number => performance.now() + leaseMs - options.callMs;

  const callGateway = async (
    { row, isClosed, context }: LeasedTransaction,
    mayCall: MayCall,
  ): Promise<Outcome> => {
    const { idempotencyKey, amountMinor, currency, token, chargeId, orderId, kind, attempts } = row;
    const keyed = { idempotencyKey, traceparent: context.traceparent };
    const call = gatewayCallFor({ kind, isClosed, attempts });
    switch (call) {
      case 'refund':
        return gateway.refund({ ...keyed, chargeId: chargeId ?? '', amountMinor }, mayCall);
      case 'charge': {
        const amount = { amountMinor, currency };
        return gateway.charge({ ...keyed, amount, token, reference: orderId }, mayCall);
      }
      case 'look_up':
        return gateway.lookUp(keyed, mayCall);
      case 'nothing':
        return { kind: 'absent' };
      default:
        return call satisfies never;
    }
  };

  /**
   * Calls the gateway for one request and handles the answer. Resolves to the outcome, `postponed` if the request stays open, or
   * undefined if the open circuit rejected the request.
   */
  const settle = async (
    leased: LeasedTransaction,
    startBefore: number,
    { traceparent }: Traced,
  ): Promise<string | undefined> => {
    const context = { ...leased.context, traceparent };
    const { orderId, kind, causationId } = leased.row;
    const started = performance.now();
    let { row } = leased;
    let isFirst = true;
    const mayCall = async (): Promise<boolean> => {
      if (isFirst) {
        isFirst = false;
        return performance.now() <= startBefore;
      }
      const renewedStartBefore = latestStart();
      const attempts = await renewLease(shell.db, row, leaseMs);
      if (attempts === undefined) return false;
      row = { ...row, attempts };
      return performance.now() <= renewedStartBefore;
    };
    const result = await callGateway({ ...leased, context }, mayCall);
    if (result.kind === 'circuit_open') {
      await releaseLease(shell.db, row, pollMs);
      return undefined;
    }
    await shell.faults?.reach('after-remote-answer', context.actor);
    const { attempts } = row;
    const { correlationId } = context;
    const fields = { orderId, kind, attempts, correlationId, traceId: traceIdOf(traceparent) };
    const answer = answerOf(kind, result);
    if (typeof answer === 'string') {
      const refused = result.kind === 'refused';
      const retryInMs = refused ? options.refusedRetryMs : backoffMs(backoff, attempts, Math.random());
      await postpone(shell.db, row, { error: answer, retryInMs });
      const details = { ...fields, error: answer, retryInMs };
      if (refused) logger.error(`${kind} was refused: the money is still owed`, details);
      else logger.warn(`${kind} has no definite outcome; the request will be repeated`, details);
      return 'postponed';
    }
    const at = new Date();
    const input = { type: 'gateway_answered', data: { orderId, answer }, at } as const;
    const handled = await handle(shell, paymentHandler, { id: causationId, context, at, input }, unclaimed);
    if (handled.kind === 'accepted' && handled.state.request) timer.wake();
    const ms = Math.round(performance.now() - started);
    logger.info(`${kind} ${answer.outcome}`, { ...fields, handled: handled.kind, ms });
    return answer.outcome;
  };

  const settleInSpan = async (leased: LeasedTransaction, startBefore: number): Promise<void> => {
    const { orderId, kind, attempts } = leased.row;
    const attributes = { ...entityIdAttributes({ orderId }), 'orderflow.attempts': attempts };
    await inSpan(
      `call gateway: ${kind}`,
      { parent: leased.context.traceparent, attributes },
      (traced) => settle(leased, startBefore, traced),
      (outcome) => (outcome === undefined ? undefined : { 'orderflow.outcome': outcome }),
    );
  };

  const inProgress = new Set<Promise<void>>();
  /** Whether more requests may be due: the last query has found as many as it could lease. */
  let mayBeMore = false;
  const start = (leased: LeasedTransaction, startBefore: number): void => {
    const run = settleInSpan(leased, startBefore)
      .catch((error: unknown) => {
        // At the end of its lease, the request is due again and is sent again with the same key.
        const { row, context } = leased;
        logger.warn('a request to the gateway could not be settled', {
          error,
          orderId: row.orderId,
          correlationId: context.correlationId,
          traceId: traceIdOf(context.traceparent),
        });
      })
      .finally(() => {
        inProgress.delete(run);
        if (mayBeMore) timer.wake();
      });
    inProgress.add(run);
  };

  const timer = every(
    options.pollMs,
    'the gateway calls',
    async () => {
      const free = options.concurrency - inProgress.size;
      const admitted = gateway.admits();
      if (free === 0 || admitted === 'none') return;
      const limit = admitted === 'all' ? free : 1;
      const startBefore = latestStart();
      const due = await leaseDue(shell.db, { limit, leaseMs });
      mayBeMore = due.length === limit;
      for (const leased of due) start(leased, startBefore);
    },
    logger,
  );
  return {
    wake: timer.wake,
    stop: async () => {
      await timer.stop();
      await Promise.all(inProgress);
    },
  };
}
