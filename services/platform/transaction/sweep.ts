// A sweep reads the orders that are due, page by page, and handles each order in a separate transaction. An order that fails is
// logged and skipped, so that it does not hold back the others; the next sweep retries it. Several instances may sweep at the same
// time, because each order is locked and read again before the decision.
import { randomUUID } from 'node:crypto';
import { concernsRow, isTransient } from '../database/transient.ts';
import type { Logger } from '../process/logger.ts';
import { entityIdAttributes, inSpan, traceIdOf } from '../telemetry/tracing.ts';
import type { Cause } from './outbox.ts';

interface Sweep {
  /** Name in log lines and spans; the actor of its events is `<name>-sweep`. */
  readonly name: string;
  /** Ids of due orders, sorted, greater than `after`; no more than `pageSize`. */
  readonly read: (after: string | undefined) => Promise<readonly string[]>;
  readonly pageSize: number;
  /** Handles one order. `kind` is 'ignored' when the order is no longer due, for example because another instance was faster. */
  readonly handle: (orderId: string, cause: Cause) => Promise<{ readonly kind: string }>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** After this many consecutive transient failures the database counts as unavailable. A failure of one row resets the count. */
const maxTransientFailures = 3;

/** Returns the number of orders that were changed. Throws when the database is unavailable. */
export async function sweepDue({ name, read, pageSize, handle, logger, signal }: Sweep): Promise<number> {
  const id = `${name}-${randomUUID()}`;
  // Each order gets a new trace, because no request or event causes a sweep.
  const sweepOne = (orderId: string): Promise<boolean> =>
    inSpan(name, { attributes: entityIdAttributes({ orderId }) }, async ({ traceparent }) => {
      const context = { correlationId: orderId, causationId: id, traceparent, actor: `${name}-sweep` };
      const { kind } = await handle(orderId, { id, context, at: new Date() });
      const traceId = traceIdOf(traceparent);
      logger.info(`${name} ${kind}`, { orderId, correlationId: orderId, traceId, causationId: id });
      return kind === 'accepted';
    });

  let done = 0;
  let after: string | undefined;
  let transientFailures = 0;
  for (;;) {
    const page = await read(after);
    for (const orderId of page) {
      if (signal.aborted) return done;
      try {
        if (await sweepOne(orderId)) done += 1;
        transientFailures = 0;
      } catch (error) {
        transientFailures = isTransient(error) && !concernsRow(error) ? transientFailures + 1 : 0;
        if (transientFailures === maxTransientFailures) throw error;
        logger.error(`${name} failed for an order`, { error, orderId });
      }
    }
    after = page.at(-1);
    if (page.length < pageSize) return done;
  }
}
