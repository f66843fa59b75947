// A small steady load of stubborn clients: each order is placed under one Idempotency-Key and sent again, to the next instance
// where there are two, until it is accepted. So an order counts once however often it was sent, and a pause shows as a gap.
import { randomUUID } from 'node:crypto';
import { orderApi } from '../../services/order/http/api.ts';
import { createClient, type AnswerOf } from '../../services/platform/http/server/client.ts';
import { pause, until } from '../stack/supervise/deadline.ts';
import { failure } from '../../schemas/tools/failure.ts';

export interface Placed {
  readonly orderId: string;
  /** When it was sent first, and when it was accepted: epoch ms. */
  readonly sentAt: number;
  readonly acceptedAt: number;
}

export interface LoadOptions {
  /** Of the instances of the order service. */
  readonly addresses: readonly string[];
  readonly token: string;
  readonly productId: string;
  readonly perSecond: number;
  readonly signal: AbortSignal;
}

export interface Load {
  /** Ends it: resolves to all orders once the last has been accepted. */
  readonly stop: () => Promise<readonly Placed[]>;
}

/** Beyond these nobody new comes, as in a shop whose queue reaches the door. */
const mostWaiting = 200;
const acceptedWithinMs = 180_000;

/** Refusals that end by themselves: the catalogue is on its way, or a try that nobody heard of is still under way. */
const passing = ['unknown_product', 'idempotency_key_in_flight'];
const isLasting = ({ status, problem }: Exclude<AnswerOf<typeof orderApi.place>, { ok: true }>): boolean =>
  status < 500 && status !== 429 && !passing.includes(problem.code);

export const startLoad = ({ addresses, token, productId, perSecond, signal }: LoadOptions): Load => {
  const clients = addresses.map((baseUrl) =>
    createClient(orderApi, { baseUrl, token: () => token, timeoutMs: 5_000 }),
  );
  const ended = new AbortController();
  const placed: Promise<Placed>[] = [];
  let waiting = 0;

  const place = async (): Promise<Placed> => {
    const sentAt = Date.now();
    const key = randomUUID();
    let tries = placed.length;
    const wait = { what: 'an order to be accepted', withinMs: acceptedWithinMs, everyMs: 250, signal };
    const orderId = await until(wait, async () => {
      const client = clients[tries % clients.length];
      tries += 1;
      const answer = await client?.place({
        headers: { 'idempotency-key': key },
        body: { items: [{ productId, quantity: 1 }], payment: { mode: 'AUTO', method: 'card' } },
      });
      if (answer === undefined || answer.ok) return answer?.body.id;
      if (isLasting(answer)) throw failure(`an order was refused: ${answer.problem.detail}`);
      throw new Error(`answered ${answer.status}`);
    });
    return { orderId, sentAt, acceptedAt: Date.now() };
  };

  const run = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      if (waiting < mostWaiting) {
        waiting += 1;
        const one = place().finally(() => {
          waiting -= 1;
        });
        // Whether it was accepted is asked at the end; until then its rejection has somebody who minds it.
        one.catch(() => undefined);
        placed.push(one);
      }
      await pause(1_000 / perSecond, signal);
    }
  };
  const running = run();
  running.catch(() => undefined);

  return {
    stop: async () => {
      ended.abort();
      await running;
      return Promise.all(placed);
    },
  };
};
