// Cancels orders that still wait for events at their deadline, so that their stock is released and their payment is
// refunded, whatever has failed.
import { handle, unclaimed, type Shell } from '../../platform/transaction/handle.ts';
import type { Logger } from '../../platform/process/logger.ts';
import { sweepDue } from '../../platform/transaction/sweep.ts';
import { every, type Timer } from '../../platform/process/timer.ts';
import { orderHandler } from '../store.ts';
import { findWaitingOrders } from '../order-queries.ts';

const pageSize = 100;

/** Cancels the orders past their deadline. Resolves to the number of cancelled orders. */
export const enforceDeadline = (
  shell: Shell,
  logger: Logger,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<number> =>
  sweepDue({
    name: 'deadline',
    read: (after) => findWaitingOrders(shell.db, new Date(Date.now() - deadlineMs), pageSize, after),
    pageSize,
    handle: (orderId, cause) => {
      const change = { orderId, input: { type: 'deadline', deadlineMs, at: cause.at } } as const;
      return handle(shell, orderHandler, { ...cause, input: change }, unclaimed);
    },
    logger,
    signal,
  });

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
