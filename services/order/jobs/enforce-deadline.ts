// The deadline of the saga: an order that still waits for events when its time is over is cancelled, so that its stock is
// free again and its money goes back, whatever got stuck.
import { handle, unclaimed, type Shell } from '../../platform/transaction/handle.ts';
import type { Logger } from '../../platform/process/logger.ts';
import { sweepDue } from '../../platform/transaction/sweep.ts';
import { every, type Timer } from '../../platform/process/timer.ts';
import { orderHandler } from '../store.ts';
import { waitingOrders } from '../order-queries.ts';

const pageSize = 100;

/** Cancels what has waited `deadlineMs` since it was placed; the number of orders that ended. */
export const enforceDeadline = (
  shell: Shell,
  logger: Logger,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<number> =>
  sweepDue({
    name: 'deadline',
    read: (after) => waitingOrders(shell.db, new Date(Date.now() - deadlineMs), pageSize, after),
    pageSize,
    handle: (orderId, cause) => {
      const change = { orderId, input: { type: 'deadline', deadlineMs, at: cause.at } } as const;
      return handle(shell, orderHandler, { ...cause, input: change }, unclaimed);
    },
    logger,
    signal,
  });

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
