// The expiry of reservations: stock held for an order that nobody paid for in time is free again.
import { handle, unclaimed, type Shell } from '../../platform/transaction/handle.ts';
import type { Logger } from '../../platform/process/logger.ts';
import { sweepDue } from '../../platform/transaction/sweep.ts';
import { every, type Timer } from '../../platform/process/timer.ts';
import { dueReservations } from '../inventory-queries.ts';
import { reservationHandler } from '../store.ts';

const pageSize = 100;

/** Expires what is due now; the number of reservations that ended. */
export const expireReservations = (shell: Shell, logger: Logger, signal: AbortSignal): Promise<number> =>
  sweepDue({
    name: 'expiry',
    read: (after) => dueReservations(shell.db, new Date(), pageSize, after),
    pageSize,
    handle: (orderId, cause) => {
      const input = { type: 'expire', data: { orderId }, at: cause.at, ttlMs: 0 } as const;
      return handle(shell, reservationHandler, { ...cause, input }, unclaimed);
    },
    logger,
    signal,
  });

/** Sweeps every `intervalMs`. */
export const startExpiringReservations = (shell: Shell, logger: Logger, intervalMs: number): Timer =>
  every(
    intervalMs,
    'the expiry sweep',
    async (signal) => {
      await expireReservations(shell, logger, signal);
    },
    logger,
  );
