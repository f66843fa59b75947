// Places orders at a steady rate. Each order has one Idempotency-Key and is sent again until it is accepted, to the other instance
// if there are two. So each order counts once, and an outage shows as a gap between accepted orders.
import { randomUUID } from 'node:crypto';
import { orderApi } from '../../services/order/http/api.ts';
import { createClient, type AnswerOf } from '../../services/platform/http/server/client.ts';
import { pause, until } from '../stack/supervise/deadline.ts';
import { failure } from '../../schemas/tools/failure.ts';

interface Placed {
  readonly orderId: string;
  /** When the order was first sent, epoch ms. */
  readonly sentAt: number;
  readonly acceptedAt: number;
}

interface LoadOptions {
  /** The instances of the order service. */
  readonly addresses: readonly string[];
  readonly token: string;
  readonly productId: string;
  readonly perSecond: number;
  readonly signal: AbortSignal;
}

/** No new order is placed while this many are not accepted yet. */
const maxWaiting = 200;
const acceptedWithinMs = 180_000;

/** Temporary refusals: the order service does not know the product yet, or an earlier attempt is still in progress. */
const temporaryCodes = ['unknown_product', 'idempotency_key_in_flight'];
const isPermanent = ({ status, problem }: Exclude<AnswerOf<typeof orderApi.place>, { ok: true }>): boolean =>
  status < 500 && status !== 429 && !temporaryCodes.includes(problem.code);

/**
 * Places orders while `work` runs. Resolves to all of them once the last is accepted. After a failure of `work` or of an order,
 * sends no further request, and rejects at the end of `work`.
 */
export const placeOrdersDuring = async (
  work: () => Promise<void>,
  { addresses, token, productId, perSecond, ...options }: LoadOptions,
): Promise<readonly Placed[]> => {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const clients = addresses.map((baseUrl) =>
    createClient(orderApi, { baseUrl, token: () => token, timeoutMs: 5_000 }),
  );
  let isOver = false;
  const placed: Promise<Placed>[] = [];
  let waiting = 0;

  const place = async (): Promise<Placed> => {
    const sentAt = Date.now();
    const key = randomUUID();
    let attempts = placed.length;
    const wait = { what: 'an order to be accepted', withinMs: acceptedWithinMs, everyMs: 250, signal };
    const orderId = await until(wait, async () => {
      const client = clients[attempts % clients.length];
      attempts += 1;
      const answer = await client?.place({
        headers: { 'idempotency-key': key },
        body: { items: [{ productId, quantity: 1 }], payment: { mode: 'AUTO', method: 'card' } },
      });
      if (answer === undefined || answer.ok) return answer?.body.id;
      if (isPermanent(answer)) throw failure(`an order was refused: ${answer.problem.detail}`);
      throw new Error(`answered ${answer.status}`);
    });
    return { orderId, sentAt, acceptedAt: Date.now() };
  };

  const run = async (): Promise<void> => {
    while (!isOver) {
      if (waiting < maxWaiting) {
        waiting += 1;
        const order = place().finally(() => {
          waiting -= 1;
        });
        order.catch(() => failed.abort());
        placed.push(order);
      }
      await pause(1_000 / perSecond, signal);
    }
  };
  const running = run();
  running.catch(() => undefined);
  try {
    await work();
    isOver = true;
    await Promise.allSettled([running]);
    return await Promise.all(placed);
  } catch (error) {
    failed.abort();
    throw error;
  }
};
