// The remote call between two transactions. The first one, in `handle`, persisted what to ask and under which idempotency
// key; here it is asked, with no transaction open; the answer is then just another input of `handle`. Dying anywhere in
// between leaves a leased row that comes due again and is asked again under the same key.
import { handle, unclaimed, type Shell } from '../../platform/transaction/handle.ts';
import type { Logger } from '../../platform/process/logger.ts';
import { backoffMs, type Backoff } from '../../platform/process/retry.ts';
import { every, type Timer } from '../../platform/process/timer.ts';
import { entityIdAttributes, inSpan, traceIdOf, type Traced } from '../../platform/telemetry/tracing.ts';
import { answerOf, gatewayCallFor } from '../domain/gateway-call.ts';
import type { Gateway, MayCall, Outcome } from './gateway.ts';
import { giveBack, leaseDue, postpone, renewLease, type LeasedTransaction } from '../transaction-leases.ts';
import { paymentHandler } from '../store.ts';

export interface AskingOptions {
  readonly shell: Shell;
  readonly gateway: Gateway;
  readonly logger: Logger;
  /**
   * How long an instance has a request to itself: longer than one call, for each call takes the lease anew. None is started
   * that could outlast it, so an instance that finds nothing charged under a key knows that no other one is about to.
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
  const { shell, gateway, logger, leaseMs, backoff, pollMs } = options;
  /** Until when a call may start under a lease taken now. Computed before taking it: the database's lease ends later. */
  const startUntil = (): number => performance.now() + leaseMs - options.callMs;

  const ask = async (
    { row, isCancelled, context }: LeasedTransaction,
    mayCall: MayCall,
  ): Promise<Outcome> => {
    const { idempotencyKey, amountMinor, currency, token, chargeId, orderId, kind, attempts } = row;
    const keyed = { idempotencyKey, traceparent: context.traceparent };
    const call = gatewayCallFor({ kind, isCancelled, attempts });
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

  /** What became of the asking; undefined when there was none. */
  const askTraced = async (
    given: LeasedTransaction,
    until: number,
    { traceparent }: Traced,
  ): Promise<string | undefined> => {
    const context = { ...given.context, traceparent };
    const leased = { ...given, context };
    const { orderId, kind, causationId } = leased.row;
    const started = performance.now();
    let { row } = leased;
    let isFirst = true;
    const mayCall = async (): Promise<boolean> => {
      if (isFirst) {
        isFirst = false;
        return performance.now() <= until;
      }
      const renewedUntil = startUntil();
      const attempts = await renewLease(shell.db, row, leaseMs);
      if (attempts === undefined) return false;
      row = { ...row, attempts };
      return performance.now() <= renewedUntil;
    };
    const result = await ask(leased, mayCall);
    if (result.kind === 'turned_away') {
      await giveBack(shell.db, row, pollMs);
      return undefined;
    }
    await shell.faults?.reach('after-remote-answer', context.actor);
    const { attempts } = row;
    const { correlationId } = context;
    const fields = { orderId, kind, attempts, correlationId, traceId: traceIdOf(traceparent) };
    const answer = answerOf(kind, result);
    if (typeof answer === 'string') {
      const refused = result.kind === 'refused';
      const retryInMs = refused
        ? options.refusedRetryMs
        : backoffMs(backoff, Math.min(attempts, backoff.attempts), Math.random());
      await postpone(shell.db, row, { error: answer, retryInMs });
      const details = { ...fields, error: answer, retryInMs };
      if (refused) logger.error(`${kind} was refused: the money is still owed`, details);
      else logger.warn(`${kind} is not resolved and will be asked again`, details);
      return 'postponed';
    }
    const handled = await handle(
      shell,
      paymentHandler,
      {
        id: causationId,
        context,
        at: new Date(),
        input: { type: 'gateway_answered', data: { orderId, answer }, at: new Date() },
      },
      unclaimed,
    );
    if (handled.kind === 'accepted' && handled.state.request) timer.wake();
    const ms = Math.round(performance.now() - started);
    logger.info(`${kind} ${answer.outcome}`, { ...fields, handled: handled.kind, ms });
    return answer.outcome;
  };

  const askOne = async (leased: LeasedTransaction, until: number): Promise<void> => {
    const { orderId, kind, attempts } = leased.row;
    const attributes = { ...entityIdAttributes({ orderId }), 'orderflow.attempts': attempts };
    await inSpan(
      `ask gateway: ${kind}`,
      { parent: leased.context.traceparent, attributes },
      (traced) => askTraced(leased, until, traced),
      (outcome) => (outcome === undefined ? undefined : { 'orderflow.outcome': outcome }),
    );
  };

  const underWay = new Set<Promise<void>>();
  /** The last page was full: more requests may be due. */
  let mayBeMore = false;
  const start = (leased: LeasedTransaction, until: number): void => {
    const run = askOne(leased, until)
      .catch((error: unknown) => {
        // The lease ends and the request comes due again: whatever failed, it is asked again under the same key.
        const { row, context } = leased;
        logger.warn('a request to the gateway could not be settled', {
          error,
          orderId: row.orderId,
          correlationId: context.correlationId,
          traceId: traceIdOf(context.traceparent),
        });
      })
      .finally(() => {
        underWay.delete(run);
        if (mayBeMore) timer.wake();
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
      const until = startUntil();
      const due = await leaseDue(shell.db, { limit, leaseMs });
      mayBeMore = due.length === limit;
      for (const leased of due) start(leased, until);
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
