// The remote call between two transactions. The first one, in `handle`, persisted what to ask and under which idempotency
// key; here it is asked, with no transaction open; the answer is then just another input of `handle`. Dying anywhere in
// between leaves a leased row that comes due again and is asked again under the same key.
import { handle, unclaimed, type Shell } from '../platform/handle.ts';
import type { Logger } from '../platform/logger.ts';
import { backoffMs, type Backoff } from '../platform/retry.ts';
import { every, type Timer } from '../platform/timer.ts';
import { continueTrace } from '../platform/trace-context.ts';
import type { GatewayAnswer } from './domain/decide.ts';
import type { GatewayClient, GatewayResult } from './gateway-client.ts';
import { leaseDue, paying, postpone, type LeasedTransaction } from './store.ts';

export interface AskingOptions {
  readonly shell: Shell;
  readonly gateway: GatewayClient;
  readonly logger: Logger;
  /** Longer than a gateway call may take, or two instances would ask at the same time. */
  readonly leaseMs: number;
  readonly backoff: Backoff;
  /** How often to look for requests that came due by themselves, ms. */
  readonly pollMs: number;
  /** Requests under way at once, per instance. */
  readonly concurrency: number;
}

/** Asks the gateway what is due; `wake` it after a commit that made something due. */
export function startAskingGateway(options: AskingOptions): Timer {
  const { shell, gateway, logger, backoff } = options;

  const ask = ({ row, calledOff, context }: LeasedTransaction): Promise<GatewayResult | 'abandoned'> => {
    const { idempotencyKey, amountMinor, currency, token, chargeId, orderId } = row;
    const traceparent = continueTrace(context.traceparent);
    if (row.kind === 'refund') {
      return gateway.refund({ idempotencyKey, chargeId: chargeId ?? '', amountMinor, traceparent });
    }
    // Never asked before and not wanted any more: nothing can have been charged.
    if (calledOff && row.attempts === 1) return Promise.resolve('abandoned');
    const amount = { amountMinor, currency };
    return gateway.charge({ idempotencyKey, amount, token, reference: orderId, traceparent });
  };

  const answerOf = (kind: string, result: GatewayResult | 'abandoned'): GatewayAnswer | undefined => {
    if (result === 'abandoned') return { kind: 'charge', outcome: 'abandoned' };
    if (kind === 'refund') {
      return result.kind === 'succeeded'
        ? { kind: 'refund', outcome: 'succeeded', gatewayId: result.gatewayId }
        : undefined;
    }
    switch (result.kind) {
      case 'succeeded':
        return { kind: 'charge', outcome: 'succeeded', gatewayId: result.gatewayId };
      case 'declined':
        return { kind: 'charge', outcome: 'declined', code: result.code };
      case 'unknown':
        return undefined;
      default:
        return result satisfies never;
    }
  };

  const askOne = async (leased: LeasedTransaction): Promise<void> => {
    const { row, context } = leased;
    const { orderId, kind, attempts } = row;
    const fields = { orderId, kind, attempts, correlationId: context.correlationId };
    const started = performance.now();
    const result = await ask(leased);
    await shell.faults?.reach('after-remote-answer', context.actor);
    const answer = answerOf(kind, result);
    if (!answer) {
      const error =
        result !== 'abandoned' && result.kind === 'unknown' ? result.error : 'the gateway refused the refund';
      const retryInMs = backoffMs(backoff, Math.min(attempts, backoff.attempts), Math.random());
      await postpone(shell.db, row.id, { error, retryInMs });
      logger.warn(`${kind} is not resolved and will be asked again`, { ...fields, error, retryInMs });
      return;
    }
    const handled = await handle(
      shell,
      paying,
      {
        id: row.causationId,
        context,
        at: new Date(),
        input: { type: 'gateway_answered', data: { orderId, answer }, at: new Date() },
      },
      unclaimed,
    );
    const ms = Math.round(performance.now() - started);
    logger.info(`${kind} ${answer.outcome}`, { ...fields, handled: handled.kind, ms });
  };

  const underWay = new Set<Promise<void>>();
  const start = (leased: LeasedTransaction): void => {
    const run = askOne(leased)
      .catch((error: unknown) => {
        // The lease ends and the request comes due again: whatever failed, it is asked again under the same key.
        logger.warn('a request to the gateway could not be settled', { error, orderId: leased.row.orderId });
      })
      .finally(() => {
        underWay.delete(run);
        timer.wake();
      });
    underWay.add(run);
  };

  const timer = every(
    options.pollMs,
    'asking the gateway',
    async () => {
      const free = options.concurrency - underWay.size;
      if (free === 0) return;
      const leased = await leaseDue(shell.db, { limit: free, leaseMs: options.leaseMs });
      leased.forEach(start);
    },
    logger,
  );
  return {
    wake: timer.wake,
    stop: async () => {
      await timer.stop();
      await Promise.all(underWay);
    },
  };
}
