// The trail of an order as Server-Sent Events. A stream keeps nothing but the number of the entry it sent last: rows are
// pulled from the database as the client takes them, so a slow reader costs what a fast one does, and a client that comes
// back with that number, to this process or to another, misses nothing and sees nothing twice.
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
  /** Entries after `after`, oldest first, at most `limit`. */
  readonly readAfter: (orderId: string, after: number, limit: number) => Promise<readonly TrailEntry[]>;
  readonly watch: Pick<OrderWatch, 'beyond'>;
}

/** Rows in memory per stream. */
const pageSize = 50;
/** Milliseconds until the database is asked again for rows it did not give. */
const retryMs = 1_000;

/**
 * The entries after `after`, as they are asked for, and `quiet` whenever none came for `heartbeatMs`. Ends when all entries
 * of an order in a final state were taken, or with the signal.
 */
export async function* followTrail(
  { readAfter, watch }: TrailSource,
  { orderId, after }: { readonly orderId: string; readonly after: number },
  heartbeatMs: number,
  signal: AbortSignal,
): AsyncGenerator<TrailEntry | 'quiet', void, undefined> {
  let last = after;
  let status: OrderStatus | undefined;
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    let page: readonly TrailEntry[];
    try {
      page = await readAfter(orderId, last, pageSize);
    } catch (error) {
      if (!isTransient(error)) throw error;
      // The client need not know that the database was away.
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
    const head = await watch.beyond({ orderId, after: last }, heartbeatMs, signal);
    if (!head && !isOver()) yield 'quiet';
  }
}

/** One entry as an event. Its data is the same for everybody who may see the order. */
export const toEvent = ({ sequence, type, outcome, status, version, occurredAt }: TrailEntry) => ({
  id: String(sequence),
  event: type,
  data: JSON.stringify({ type, outcome, status, version, occurredAt: occurredAt.toISOString() }),
});

export interface OrderStreamOptions extends TrailSource {
  readonly heartbeatMs: number;
  /** After this long a stream ends and its client resumes: a token is not trusted for ever, nor is a silent peer. */
  readonly lifetimeMs: number;
}

/** Milliseconds a client may take for one write, and a stopping process grants for the last one. */
const slowestWriteMs = 30_000;
const lastWriteMs = 1_000;

/** Sends the trail after `after` until it ends; gives the place back however that happens. */
export function streamTrail(
  c: Context<AppEnv>,
  from: { readonly orderId: string; readonly after: number },
  place: OpenRequest,
  { heartbeatMs, lifetimeMs, ...source }: OrderStreamOptions,
  stopping: AbortSignal,
): Response {
  const cut = (): void => {
    c.env.outgoing?.destroy();
  };
  const logger = c.get('logger');
  // Proxies that buffer would hold events back until there are many.
  c.header('X-Accel-Buffering', 'no');
  return streamSSE(c, async (stream) => {
    // Before the first await: a client that has left already is not announced again.
    stream.onAbort(place.end);
    const lifetime = setTimeout(place.end, lifetimeMs);
    const writing = async (write: () => Promise<unknown>): Promise<void> => {
      let slow = setTimeout(cut, slowestWriteMs);
      const hurry = (): void => {
        clearTimeout(slow);
        slow = setTimeout(cut, lastWriteMs);
      };
      place.signal.addEventListener('abort', hurry, { once: true });
      try {
        await write();
      } finally {
        clearTimeout(slow);
        place.signal.removeEventListener('abort', hurry);
      }
    };
    try {
      // Spread, so that the clients of a process that ends do not all come back at once.
      await writing(() => stream.write(`retry: ${1_000 + Math.floor(Math.random() * 1_000)}\n\n`));
      for await (const entry of followTrail(source, from, heartbeatMs, place.signal)) {
        await writing(() =>
          entry === 'quiet' ? stream.write(': quiet\n\n') : stream.writeSSE(toEvent(entry)),
        );
        if (place.signal.aborted) break;
      }
    } catch (error) {
      logger.error('an order stream broke off', { orderId: from.orderId, error });
    } finally {
      clearTimeout(lifetime);
      place.release();
      // What the client does not take now would hold up the stop.
      if (stopping.aborted) setTimeout(cut, lastWriteMs).unref();
    }
  });
}
