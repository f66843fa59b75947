// `Prefer: wait=N`: the response to a new order waits until the order is stable, so that the client need not poll. The order is
// committed before the wait begins, and the wait needs no transaction and no database connection. When the client disconnects or
// the process stops, only the wait ends.
import type { Context } from 'hono';
import type { AppEnv } from '../../platform/http/server/request-context.ts';
import type { OpenRequests } from '../../platform/http/limits/open-requests.ts';
import { preferredWait } from '../../platform/http/request/prefer.ts';
import { isStable, type Order } from '../domain/order.ts';
import type { OrderWatch } from './order-watch.ts';

interface OrderWaitOptions {
  readonly watch: Pick<OrderWatch, 'waitForNewHead'>;
  readonly waits: OpenRequests;
  /** The longest wait that is granted; with 0, no wait is granted. */
  readonly maximumSeconds: number;
}

/**
 * Waits until the order is stable, the preferred time is over, the client disconnects or the process stops. Resolves to the granted
 * seconds. Resolves to undefined without waiting if the request prefers no wait, or if the process or the customer has reached the
 * limit of waits.
 */
export type WaitUntilStable = (c: Context<AppEnv>, order: Order) => Promise<number | undefined>;

export const createOrderWait =
  ({ watch, waits, maximumSeconds }: OrderWaitOptions): WaitUntilStable =>
  async (c, { id, customerId, payment }) => {
    const seconds = preferredWait(c.req.header('prefer'), maximumSeconds);
    if (seconds === undefined || seconds === 0) return undefined;
    const wait = waits.open(customerId);
    // A preference that cannot be granted is not an error: the request is answered without waiting.
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
