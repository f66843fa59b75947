// Expires reservations of orders that were not paid in time, so that their stock is free again.
import { handle, unclaimed, type Shell } from '../../platform/transaction/handle.ts';
import type { Logger } from '../../platform/process/logger.ts';
import { sweepDue } from '../../platform/transaction/sweep.ts';
import { every, type Timer } from '../../platform/process/timer.ts';
import { findDueReservations } from '../inventory-queries.ts';
import { reservationHandler } from '../store.ts';

const pageSize = 100;

/** Expires the reservations that are due. Resolves to the number of expired reservations. */
export const expireReservations = (shell: Shell, logger: Logger, signal: AbortSignal): Promise<number> =>
  sweepDue({
    name: 'expiry',
    read: (after) => findDueReservations(shell.db, new Date(), pageSize, after),
    pageSize,
    handle: (orderId, cause) => {
      const input = { type: 'expire', data: { orderId }, at: cause.at, ttlMs: 0 } as const;
      return handle(shell, reservationHandler, { ...cause, input }, unclaimed);
    },
    logger,
    signal,
  });

export const startExpiringReservations = (shell: Shell, logger: Logger, intervalMs: number): Timer =>
  every(
    intervalMs,
    'the expiry sweep',
    async (signal) => {
      await expireReservations(shell, logger, signal);
    },
    logger,
  );
