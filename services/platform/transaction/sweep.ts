// A sweep: the orders that are due are handled one by one, a page at a time, each in a transaction of its own. One that fails is
// logged and passed by, so that it keeps nothing else waiting; the next sweep tries it again. Instances may sweep at once, because
// each order is locked and looked at again before anything is decided.
import { randomUUID } from 'node:crypto';
import { isTransient } from '../database/transient.ts';
import type { Logger } from '../process/logger.ts';
import { entityIdAttributes, inSpan, traceIdOf } from '../telemetry/tracing.ts';
import type { Cause } from './outbox.ts';

export interface Sweep {
  /** In its log lines, the name of its spans and, as `<name>-sweep`, the actor of what it causes. */
  readonly name: string;
  /** Order ids that are due, in ascending order, after the given one; at most `pageSize`. */
  readonly read: (after: string | undefined) => Promise<readonly string[]>;
  readonly pageSize: number;
  /** What came of it: 'ignored' where another instance was faster. */
  readonly handle: (orderId: string, cause: Cause) => Promise<{ readonly kind: string }>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** So many in a row that fail for a cause that passes are no coincidence: the database is away, not a row locked. */
const transientFailures = 3;

/** The number of orders that were changed. Throws when the database is away. */
export async function sweepDue({ name, read, pageSize, handle, logger, signal }: Sweep): Promise<number> {
  const id = `${name}-${randomUUID()}`;
  // A root of its own: nobody asked for it, the time had come.
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
  let inARow = 0;
  for (;;) {
    const page = await read(after);
    for (const orderId of page) {
      if (signal.aborted) return done;
      try {
        if (await sweepOne(orderId)) done += 1;
        inARow = 0;
      } catch (error) {
        inARow = isTransient(error) ? inARow + 1 : 0;
        if (inARow === transientFailures) throw error;
        logger.error(`${name} failed for an order`, { error, orderId });
      }
    }
    after = page.at(-1);
    if (page.length < pageSize) return done;
  }
}
