// The deadline of the saga: an order that still waits for events when its time is over is cancelled, so that its stock is
// free again and its money goes back, whatever got stuck. Instances may sweep at once, because each order is locked and
// looked at again before anything is decided.
import { randomUUID } from 'node:crypto';
import { handle, unclaimed, type Shell } from '../../platform/transaction/handle.ts';
import type { Logger } from '../../platform/process/logger.ts';
import { every, type Timer } from '../../platform/process/timer.ts';
import { attributesAbout, inSpan, traceIdOf, type Traced } from '../../platform/telemetry/tracing.ts';
import { ordering } from '../store.ts';
import { waitingOrders } from '../order-queries.ts';

const batch = 100;

/** Cancels what has waited `deadlineMs` since it was placed; the number of orders that ended. */
export async function enforceDeadline(
  shell: Shell,
  logger: Logger,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<number> {
  let ended = 0;
  const run = `deadline-${randomUUID()}`;
  for (;;) {
    const due = await waitingOrders(shell.db, new Date(Date.now() - deadlineMs), batch);
    const endedBefore = ended;
    for (const orderId of due) {
      if (signal.aborted) return ended;
      const at = new Date();
      const change = { orderId, input: { type: 'deadline', deadlineMs, at } } as const;
      const end = async ({ traceparent }: Traced) => {
        const context = {
          correlationId: orderId,
          causationId: run,
          traceparent,
          actor: 'deadline-sweep',
        };
        const { kind } = await handle(shell, ordering, { id: run, context, at, input: change }, unclaimed);
        logger.warn(`deadline ${kind}`, {
          orderId,
          correlationId: orderId,
          traceId: traceIdOf(traceparent),
          causationId: run,
        });
        return kind;
      };
      try {
        // A root of its own: nobody asked for it, the time had come.
        if (
          (await inSpan('enforce deadline', { attributes: attributesAbout({ orderId }) }, end)) === 'accepted'
        )
          ended += 1;
      } catch (error) {
        // One order that cannot be ended must not keep the others waiting; it comes up again in the next run.
        logger.error('an order past its deadline could not be ended', { error, orderId });
      }
    }
    if (due.length < batch || ended === endedBefore) return ended;
  }
}

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
