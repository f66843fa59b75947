// The sweep: holds that nobody paid for in time are given back. Instances may sweep at once, because each expiry locks its
// reservation and looks at it again; what another instance did, or a payment pinned, is ignored.
import { randomUUID } from 'node:crypto';
import { handle, unclaimed, type Shell } from '../../platform/transaction/handle.ts';
import type { Logger } from '../../platform/process/logger.ts';
import { sweepDue } from '../../platform/transaction/sweep.ts';
import { every, type Timer } from '../../platform/process/timer.ts';
import { attributesAbout, inSpan, traceIdOf, type Traced } from '../../platform/telemetry/tracing.ts';
import { dueReservations } from '../inventory-queries.ts';
import { reserving } from '../store.ts';

const batch = 100;

/** Expires what is due now; the number of reservations that ended. */
export const sweep = (shell: Shell, logger: Logger, signal: AbortSignal): Promise<number> => {
  const run = `sweep-${randomUUID()}`;
  const expire = async (orderId: string, { traceparent }: Traced): Promise<boolean> => {
    const at = new Date();
    const context = { correlationId: orderId, causationId: run, traceparent, actor: 'expiry-sweep' };
    const input = { type: 'expire', data: { orderId }, at, ttlMs: 0 } as const;
    const { kind } = await handle(shell, reserving, { id: run, context, at, input }, unclaimed);
    logger.info(`expiry ${kind}`, {
      orderId,
      correlationId: orderId,
      traceId: traceIdOf(traceparent),
      causationId: run,
    });
    return kind === 'accepted';
  };
  return sweepDue({
    read: (after) => dueReservations(shell.db, new Date(), batch, after),
    pageSize: batch,
    // A root of its own: nobody asked for it, the time had come.
    handle: (orderId) =>
      inSpan('expire reservation', { attributes: attributesAbout({ orderId }) }, (traced) =>
        expire(orderId, traced),
      ),
    onFailure: (orderId, error) => logger.error('a reservation could not be expired', { error, orderId }),
    signal,
  });
};

/** Sweeps every `intervalMs`. */
export const startSweeping = (shell: Shell, logger: Logger, intervalMs: number): Timer =>
  every(
    intervalMs,
    'the expiry sweep',
    async (signal) => {
      await sweep(shell, logger, signal);
    },
    logger,
  );
