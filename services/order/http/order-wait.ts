// `Prefer: wait=N`: the answer to a new order may wait until the saga rests, so that a client need not ask again. The order
// is committed before the wait begins and the wait holds neither transaction nor connection; whatever ends it, a client that
// leaves or a process that stops, ends nothing but the wait.
import type { Context } from 'hono';
import type { AppEnv } from '../../platform/http/server/request-context.ts';
import type { OpenRequests } from '../../platform/http/limits/open-requests.ts';
import { preferredWait } from '../../platform/http/request/prefer.ts';
import { isAtRest, type Order } from '../domain/order.ts';
import type { OrderWatch } from './order-watch.ts';

export interface OrderWaitOptions {
  readonly watch: Pick<OrderWatch, 'beyond'>;
  readonly waits: OpenRequests;
  /** The longest wait a client is granted; 0 grants none. */
  readonly maximumSeconds: number;
}

/**
 * Waits as the request prefers. Resolves to the seconds that were granted, once the order is at rest, they are over, the
 * client has left or the process stops; to undefined at once when no wait is asked for or there is no place for one more.
 */
export type AwaitRest = (c: Context<AppEnv>, order: Order) => Promise<number | undefined>;

export const createOrderWait =
  ({ watch, waits, maximumSeconds }: OrderWaitOptions): AwaitRest =>
  async (c, { id, customerId, payment }) => {
    const seconds = preferredWait(c.req.header('prefer'), maximumSeconds);
    if (seconds === undefined) return undefined;
    const wait = waits.open(customerId);
    // A preference that cannot be granted is no error: the answer simply comes at once.
    if (wait === 'full' || wait === 'too_many') return undefined;
    const client = c.env.outgoing;
    client?.once('close', wait.end);
    if (client?.destroyed === true) wait.end();
    const until = performance.now() + seconds * 1_000;
    try {
      for (let after = 0; ;) {
        const left = Math.max(until - performance.now(), 0);
        const head = await watch.beyond({ orderId: id, after }, left, wait.signal);
        if (!head || isAtRest(head.status, payment.mode)) return seconds;
        after = head.sequence;
      }
    } finally {
      client?.off('close', wait.end);
      wait.release();
    }
  };
