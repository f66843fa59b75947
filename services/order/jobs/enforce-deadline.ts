// The deadline of the saga: an order that still waits for events when its time is over is cancelled, so that its stock is
// free again and its money goes back, whatever got stuck. Instances may sweep at once, because each order is locked and
// looked at again before anything is decided.
import { randomUUID } from 'node:crypto';
import { handle, unclaimed, type Shell } from '../../platform/transaction/handle.ts';
import type { Logger } from '../../platform/process/logger.ts';
import { sweepDue } from '../../platform/transaction/sweep.ts';
import { every, type Timer } from '../../platform/process/timer.ts';
import { attributesAbout, inSpan, traceIdOf, type Traced } from '../../platform/telemetry/tracing.ts';
import { ordering } from '../store.ts';
import { waitingOrders } from '../order-queries.ts';

const batch = 100;

/** Cancels what has waited `deadlineMs` since it was placed; the number of orders that ended. */
export const enforceDeadline = (
  shell: Shell,
  logger: Logger,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<number> => {
  const run = `deadline-${randomUUID()}`;
  const end = async (orderId: string, { traceparent }: Traced): Promise<boolean> => {
    const at = new Date();
    const change = { orderId, input: { type: 'deadline', deadlineMs, at } } as const;
    const context = { correlationId: orderId, causationId: run, traceparent, actor: 'deadline-sweep' };
    const { kind } = await handle(shell, ordering, { id: run, context, at, input: change }, unclaimed);
    logger.warn(`deadline ${kind}`, {
      orderId,
      correlationId: orderId,
      traceId: traceIdOf(traceparent),
      causationId: run,
    });
    return kind === 'accepted';
  };
  return sweepDue({
    read: (after) => waitingOrders(shell.db, new Date(Date.now() - deadlineMs), batch, after),
    pageSize: batch,
    // A root of its own: nobody asked for it, the time had come.
    handle: (orderId) =>
      inSpan('enforce deadline', { attributes: attributesAbout({ orderId }) }, (traced) =>
        end(orderId, traced),
      ),
    onFailure: (orderId, error) =>
      logger.error('an order past its deadline could not be ended', { error, orderId }),
    signal,
  });
};

/** Sweeps every `intervalMs`. */
export const startEnforcingDeadline = (
  shell: Shell,
  logger: Logger,
  { deadlineMs, intervalMs }: { readonly deadlineMs: number; readonly intervalMs: number },
): Timer =>
  every(
    intervalMs,
    'the deadline sweep',
    async (signal) => {
      await enforceDeadline(shell, logger, deadlineMs, signal);
    },
    logger,
  );
