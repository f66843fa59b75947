// One order placed through the public HTTP API, as a client would: proof at the end of every start that the whole way
// works, from the request through three outboxes to PAID.
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { messageOf } from './failure.ts';
import { isObject } from './json.ts';
import type { Urls } from './boot.ts';

export const demoUsers = [
  { email: 'user@orderflow.io', role: 'customer' },
  { email: 'user2@orderflow.io', role: 'customer' },
  { email: 'seller@orderflow.io', role: 'seller' },
  { email: 'seller2@orderflow.io', role: 'seller' },
  { email: 'admin@orderflow.io', role: 'administrator' },
] as const;
export const demoPassword = 'orderflow';

export type Demonstration =
  | { readonly kind: 'placed'; readonly orderId: string; readonly status: string; readonly tookMs: number }
  | { readonly kind: 'skipped'; readonly reason: string };

const json = async (url: string, init: RequestInit = {}): Promise<unknown> => {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  if (!response.ok)
    throw new Error(
      `${init.method ?? 'GET'} ${url} answered ${String(response.status)}: ${text.slice(0, 300)}`,
    );
  return JSON.parse(text);
};

const field = (value: unknown, name: string): string => {
  const found = isObject(value) ? value[name] : undefined;
  if (typeof found !== 'string') throw new Error(`an answer has no ${name}`);
  return found;
};

const isFinal = (status: string): boolean => ['PAID', 'FULFILLED', 'CANCELLED'].includes(status);

interface Offer {
  readonly id: string;
  readonly free: number;
}

const offers = (body: unknown): Offer[] => {
  const list = isObject(body) ? body['data'] : body;
  return (Array.isArray(list) ? list : [])
    .filter(isObject)
    .flatMap(({ id, free }) => (typeof id === 'string' && typeof free === 'number' ? [{ id, free }] : []));
};

/** Never throws: a stack on which the demonstration fails is still up, and what failed is worth looking at. */
export const demonstrate = async (urls: Urls, withinMs = 15_000): Promise<Demonstration> => {
  try {
    const credentials = { email: demoUsers[0].email, password: demoPassword };
    const login = await json(`${urls.dashboard}/auth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(credentials),
    });
    const headers = {
      authorization: `Bearer ${field(login, 'access_token')}`,
      'content-type': 'application/json',
    };
    const products = offers(await json(`${urls.inventory}/api/v1/products`, { headers }));
    const product = products.reduce<Offer | undefined>(
      (best, offer) => (offer.free > (best?.free ?? 0) ? offer : best),
      undefined,
    );
    if (product === undefined) return { kind: 'skipped', reason: 'no product has stock left' };
    const began = performance.now();
    const order = {
      items: [{ productId: product.id, quantity: 1 }],
      payment: { mode: 'AUTO', method: 'card' },
    };
    const orderId = field(await placeOnceKnown(urls, headers, order, began + withinMs), 'id');
    for (;;) {
      const status = field(await json(`${urls.order}/api/v1/orders/${orderId}`, { headers }), 'status');
      const tookMs = performance.now() - began;
      if (isFinal(status) || tookMs > withinMs) return { kind: 'placed', orderId, status, tookMs };
      await sleep(20);
    }
  } catch (error) {
    return { kind: 'skipped', reason: messageOf(error) };
  }
};

/** On a fresh stack the catalogue is still on its way to the order service, as events like any other. */
const placeOnceKnown = async (
  urls: Urls,
  headers: Readonly<Record<string, string>>,
  order: unknown,
  deadline: number,
): Promise<unknown> => {
  for (;;) {
    try {
      return await json(`${urls.order}/api/v1/orders`, {
        method: 'POST',
        headers: { ...headers, 'idempotency-key': randomUUID() },
        body: JSON.stringify(order),
      });
    } catch (error) {
      if (performance.now() > deadline || !/answered (404|409|422)/.test(messageOf(error))) throw error;
      await sleep(100);
    }
  }
};
