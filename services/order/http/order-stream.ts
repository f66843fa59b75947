// Streams the audit trail of an order as Server-Sent Events. Rows are read from the database only as fast as the client reads the
// stream, so the memory for a slow client is bounded. The only state of a stream is the sequence number of the last entry: a client
// that reconnects with this number, to any instance, misses no entry and gets no entry twice.
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { AppEnv } from '../../platform/http/server/request-context.ts';
import type { OpenRequest } from '../../platform/http/limits/open-requests.ts';
import { pause } from '../../platform/process/retry.ts';
import { isTransient } from '../../platform/database/transient.ts';
import { isFinal, type OrderStatus } from '../domain/order.ts';
import type { OrderWatch } from './order-watch.ts';
import type { TrailEntry } from './trail.ts';

export interface TrailSource {
  /** Up to `limit` entries after the sequence number `after`, oldest first. */
  readonly readAfter: (orderId: string, after: number, limit: number) => Promise<readonly TrailEntry[]>;
  readonly watch: Pick<OrderWatch, 'waitForNewHead'>;
}

/** Maximum number of rows in memory per stream. */
const pageSize = 50;
/** Pause after a failed query, ms. */
const retryMs = 1_000;

/**
 * Yields the entries after `after` at the speed of the consumer, and `quiet` after each `heartbeatMs` without a new entry (not
 * while the database is unavailable). Ends when the status is final and every entry that exists was yielded, or when the signal is
 * aborted. Throws an error of the database that is not transient.
 */
export async function* followTrail(
  { readAfter, watch }: TrailSource,
  { orderId, after }: { readonly orderId: string; readonly after: number },
  heartbeatMs: number,
  signal: AbortSignal,
): AsyncGenerator<TrailEntry | 'quiet', void, undefined> {
  let last = after;
  let status: OrderStatus | undefined;
  const isAborted = (): boolean => signal.aborted;
  while (!isAborted()) {
    let page: readonly TrailEntry[];
    try {
      page = await readAfter(orderId, last, pageSize);
    } catch (error) {
      if (!isTransient(error)) throw error;
      // The stream stays open while the database is unavailable.
      await pause(retryMs, signal);
      continue;
    }
    for (const entry of page) {
      yield entry;
      last = entry.sequence;
      status = entry.status;
    }
    if (page.length === pageSize) continue;
    if (status !== undefined && isFinal(status)) return;
    const head = await watch.waitForNewHead({ orderId, after: last }, heartbeatMs, signal);
    if (!head && !isAborted()) yield 'quiet';
  }
}

/** One entry as a Server-Sent Event. */
export const toEvent = ({ sequence, type, outcome, status, version, occurredAt }: TrailEntry) => ({
  id: String(sequence),
  event: type,
  data: JSON.stringify({ type, outcome, status, version, occurredAt: occurredAt.toISOString() }),
});

export interface OrderStreamOptions extends TrailSource {
  readonly heartbeatMs: number;
  /** Maximum age of a stream. A client that still exists reconnects, and its token is checked again. */
  readonly lifetimeMs: number;
}

/** Maximum time for one write, ms. */
const slowestWriteMs = 30_000;
/** Maximum time for the last write once the stream has to end, ms. */
const lastWriteMs = 1_000;

/** Sends the trail after `from.after`. Releases `open` at the end in any case. */
export function streamTrail(
  c: Context<AppEnv>,
  from: { readonly orderId: string; readonly after: number },
  open: OpenRequest,
  { heartbeatMs, lifetimeMs, ...source }: OrderStreamOptions,
  stopping: AbortSignal,
): Response {
  const disconnect = (): void => {
    c.env.outgoing?.destroy();
  };
  const logger = c.get('logger');
  // A proxy that buffers would delay the events.
  c.header('X-Accel-Buffering', 'no');
  return streamSSE(c, async (stream) => {
    // Registered before the first await: if the client disconnected before the registration, its abort event would be lost.
    stream.onAbort(open.end);
    const lifetime = setTimeout(open.end, lifetimeMs);
    const writeInTime = async (write: () => Promise<unknown>): Promise<void> => {
      let deadline = setTimeout(disconnect, open.signal.aborted ? lastWriteMs : slowestWriteMs);
      const shortenDeadline = (): void => {
        clearTimeout(deadline);
        deadline = setTimeout(disconnect, lastWriteMs);
      };
      open.signal.addEventListener('abort', shortenDeadline, { once: true });
      try {
        await write();
      } finally {
        clearTimeout(deadline);
        open.signal.removeEventListener('abort', shortenDeadline);
      }
    };
    try {
      // Random, so that the clients of a stopping process do not all reconnect at the same time.
      await writeInTime(() => stream.write(`retry: ${1_000 + Math.floor(Math.random() * 1_000)}\n\n`));
      for await (const entry of followTrail(source, from, heartbeatMs, open.signal)) {
        await writeInTime(() =>
          entry === 'quiet' ? stream.write(': quiet\n\n') : stream.writeSSE(toEvent(entry)),
        );
        if (open.signal.aborted) break;
      }
    } catch (error) {
      logger.error('an order stream failed', { orderId: from.orderId, error });
    } finally {
      clearTimeout(lifetime);
      open.release();
      // A client that does not read the rest would delay the stop of the process.
      if (stopping.aborted) setTimeout(disconnect, lastWriteMs).unref();
    }
  });
}
