// `Prefer: wait=N`: the answer to a new order waits until the order is stable, so that the client need not poll. The order is
// committed before the wait begins, and the wait holds no transaction and no database connection. A client that leaves or a
// process that stops ends only the wait.
import type { Context } from 'hono';
import type { AppEnv } from '../../platform/http/server/request-context.ts';
import type { OpenRequests } from '../../platform/http/limits/open-requests.ts';
import { preferredWait } from '../../platform/http/request/prefer.ts';
import { isStable, type Order } from '../domain/order.ts';
import type { OrderWatch } from './order-watch.ts';

interface OrderWaitOptions {
  readonly watch: Pick<OrderWatch, 'waitForNewHead'>;
  readonly waits: OpenRequests;
  /** The longest wait that is granted; 0 grants none. */
  readonly maximumSeconds: number;
}

/**
 * Waits as the request prefers: until the order is stable, the time is over, the client leaves or the process stops. Resolves
 * to the seconds that were granted; to undefined at once if the request does not prefer a wait or the limit is reached.
 */
export type WaitUntilStable = (c: Context<AppEnv>, order: Order) => Promise<number | undefined>;

export const createOrderWait =
  ({ watch, waits, maximumSeconds }: OrderWaitOptions): WaitUntilStable =>
  async (c, { id, customerId, payment }) => {
    const seconds = preferredWait(c.req.header('prefer'), maximumSeconds);
    if (seconds === undefined) return undefined;
    const wait = waits.open(customerId);
    // A preference that cannot be granted is not an error: the request is answered at once.
    if (wait === 'full' || wait === 'too_many') return undefined;
    const client = c.env.outgoing;
    client?.once('close', wait.end);
    if (client?.destroyed === true) wait.end();
    const until = performance.now() + seconds * 1_000;
    try {
      for (let after = 0; ;) {
        const left = Math.max(until - performance.now(), 0);
        const head = await watch.waitForNewHead({ orderId: id, after }, left, wait.signal);
        if (!head || isStable(head.status, payment.mode)) return seconds;
        after = head.sequence;
      }
    } finally {
      client?.off('close', wait.end);
      wait.release();
    }
  };
