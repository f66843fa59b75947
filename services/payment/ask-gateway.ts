// The remote call between two transactions. The first one, in `handle`, persisted what to ask and under which idempotency
// key; here it is asked, with no transaction open; the answer is then just another input of `handle`. Dying anywhere in
// between leaves a leased row that comes due again and is asked again under the same key.
import { handle, unclaimed, type Shell } from '../platform/handle.ts';
import type { Logger } from '../platform/logger.ts';
import { backoffMs, type Backoff } from '../platform/retry.ts';
import { every, type Timer } from '../platform/timer.ts';
import { continueTrace } from '../platform/trace-context.ts';
import { answerOf, whatToAsk } from './domain/ask.ts';
import type { Gateway, Outcome } from './gateway.ts';
import { countCalls, giveBack, leaseDue, paying, postpone, type LeasedTransaction } from './store.ts';

export interface AskingOptions {
  readonly shell: Shell;
  readonly gateway: Gateway;
  readonly logger: Logger;
  /**
   * How long one instance may be at a request; longer than all its calls may take. No call is started after it, so an
   * instance that finds nothing charged under a key knows that no other one is about to.
   */
  readonly leaseMs: number;
  /** Longest time one call takes, ms. */
  readonly callMs: number;
  readonly backoff: Backoff;
  /** Pause before a refund that was refused is asked for again, ms. */
  readonly refusedRetryMs: number;
  /** How often to look for requests that came due by themselves, ms. */
  readonly pollMs: number;
  /** Requests under way at once, per instance. */
  readonly concurrency: number;
}

/** Asks the gateway what is due; `wake` it after a commit that made something due. */
export function startAskingGateway(options: AskingOptions): Timer {
  const { shell, gateway, logger, backoff, pollMs } = options;

  const ask = async ({ row, calledOff, context }: LeasedTransaction, until: number): Promise<Outcome> => {
    const { idempotencyKey, amountMinor, currency, token, chargeId, orderId, kind, attempts } = row;
    const keyed = { idempotencyKey, traceparent: continueTrace(context.traceparent) };
    const what = whatToAsk({ kind, calledOff, attempts });
    switch (what) {
      case 'refund':
        return gateway.refund({ ...keyed, chargeId: chargeId ?? '', amountMinor }, until);
      case 'charge': {
        const amount = { amountMinor, currency };
        return gateway.charge({ ...keyed, amount, token, reference: orderId }, until);
      }
      case 'look_up':
        return gateway.lookUp(keyed, until);
      case 'nothing':
        return { result: { kind: 'absent' }, calls: 0 };
      default:
        return what satisfies never;
    }
  };

  const askOne = async (leased: LeasedTransaction, until: number): Promise<void> => {
    const { row, context } = leased;
    const { orderId, kind } = row;
    const started = performance.now();
    const { result, calls } = await ask(leased, until);
    if (result.kind === 'turned_away') {
      await giveBack(shell.db, row, pollMs);
      return;
    }
    await shell.faults?.reach('after-remote-answer', context.actor);
    // The lease counted one call; those that repeated it at once are added.
    const attempts = row.attempts + Math.max(0, calls - 1);
    const fields = { orderId, kind, attempts, correlationId: context.correlationId };
    const answer = answerOf(kind, result);
    if (typeof answer === 'string') {
      const refused = result.kind === 'refused';
      const retryInMs = refused
        ? options.refusedRetryMs
        : backoffMs(backoff, Math.min(attempts, backoff.attempts), Math.random());
      await postpone(shell.db, row, { error: answer, retryInMs, attempts });
      const details = { ...fields, error: answer, retryInMs };
      if (refused) logger.error(`${kind} was refused: the money is still owed`, details);
      else logger.warn(`${kind} is not resolved and will be asked again`, details);
      return;
    }
    if (attempts > row.attempts) await countCalls(shell.db, row, attempts);
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
  const start = (leased: LeasedTransaction, until: number): void => {
    const run = askOne(leased, until)
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
      const admitted = gateway.admits();
      if (free === 0 || admitted === 'none') return;
      const limit = admitted === 'all' ? free : 1;
      // Before the lease is taken, so that it is not longer here than in the database.
      const until = performance.now() + options.leaseMs - options.callMs;
      for (const leased of await leaseDue(shell.db, { limit, leaseMs: options.leaseMs }))
        start(leased, until);
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
