// Places one order through the public HTTP API at the end of every start and waits until it is paid or has ended. PAID proves
// that the whole path works, from the HTTP request through the outboxes of all three services.
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { inventoryApi } from '../../services/inventory/http/api.ts';
import { orderApi } from '../../services/order/http/api.ts';
import { createClient, type Client, type Refusal } from '../../services/platform/http/server/client.ts';
import { messageOf } from '../../schemas/tools/failure.ts';
import { isObject } from '../../schemas/tools/json.ts';
import type { Urls } from './addresses.ts';

export const demoUsers = [
  { email: 'user@orderflow.io', role: 'customer' },
  { email: 'user2@orderflow.io', role: 'customer' },
  { email: 'seller@orderflow.io', role: 'seller' },
  { email: 'seller2@orderflow.io', role: 'seller' },
  { email: 'admin@orderflow.io', role: 'administrator' },
] as const;
export const demoPassword = 'orderflow';

type Demonstration =
  | { readonly kind: 'placed'; readonly orderId: string; readonly status: string; readonly tookMs: number }
  | { readonly kind: 'skipped'; readonly reason: string };

/** An access token of a demo user. */
export const signIn = async (dashboard: string, email: string): Promise<string> => {
  const response = await fetch(`${dashboard}/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: demoPassword }),
    signal: AbortSignal.timeout(10_000),
  });
  const body: unknown = await response.json();
  const token = isObject(body) ? body['access_token'] : undefined;
  if (typeof token !== 'string') throw new Error(`the sign-in failed with status ${response.status}`);
  return token;
};

const problemOf = (action: string, { status, problem }: Refusal): Error =>
  new Error(`${action} failed with status ${status}: ${problem.detail}`);

const bodyOf = <Body>(action: string, answer: { readonly ok: true; readonly body: Body } | Refusal): Body => {
  if (answer.ok) return answer.body;
  throw problemOf(action, answer);
};

const isFinal = (status: string): boolean => ['PAID', 'FULFILLED', 'CANCELLED'].includes(status);

const withinMs = 15_000;

/** Never throws: the stack keeps running after a failed demonstration, so that the cause can be examined. */
export const demonstrate = async (urls: Urls): Promise<Demonstration> => {
  try {
    const token = await signIn(urls.dashboard, demoUsers[0].email);
    const catalogue = createClient(inventoryApi, { baseUrl: urls.inventory, token: () => token });
    const orders = createClient(orderApi, { baseUrl: urls.order, token: () => token });
    const { data } = bodyOf('reading the catalogue', await catalogue.list());
    const [product] = data.filter(({ free }) => free > 0).sort((one, other) => other.free - one.free);
    if (product === undefined) return { kind: 'skipped', reason: 'no product has stock left' };
    const began = performance.now();
    const orderId = await placeOrder(orders, product.id, began + withinMs);
    for (;;) {
      const { status } = bodyOf('reading the order', await orders.read({ params: { id: orderId } }));
      const tookMs = performance.now() - began;
      if (isFinal(status) || tookMs > withinMs) return { kind: 'placed', orderId, status, tookMs };
      await sleep(20);
    }
  } catch (error) {
    return { kind: 'skipped', reason: messageOf(error) };
  }
};

/** Retries while the order service does not know the product: on a new stack the catalogue events may not have arrived yet. */
const placeOrder = async (
  orders: Client<typeof orderApi>,
  productId: string,
  deadline: number,
): Promise<string> => {
  for (;;) {
    const answer = await orders.place({
      headers: { 'idempotency-key': randomUUID() },
      body: { items: [{ productId, quantity: 1 }], payment: { mode: 'AUTO', method: 'card' } },
    });
    if (answer.ok) return answer.body.id;
    if (performance.now() > deadline || answer.problem.code !== 'unknown_product')
      throw problemOf('placing the order', answer);
    await sleep(100);
  }
};
