// Requests of the measurements to a running stack: the sign-in of demo users and new products. By default, they go to the stack of
// `npm start`.
import { z } from 'zod';
import { urlsOf } from '../stack/addresses.ts';
import { signIn as signInAt } from '../stack/demonstration.ts';
import { failure, reasonOf } from '../../schemas/tools/failure.ts';
import { portsFrom } from '../stack/ports.ts';

export const urls = urlsOf(portsFrom(process.env));

/** An access token of a demo user. Throws a failure when there is none. */
export const signIn = (email: string, dashboard = urls.dashboard): Promise<string> =>
  signInAt(dashboard, email).catch((error: unknown) => {
    throw failure(`${email} cannot sign in (${reasonOf(error)}); is the stack running? npm start starts it`);
  });

/** The failure of a request for a measurement. */
export const refusal = (what: string, status: string): Error => {
  if (status === '429')
    return failure(
      'the stack refuses requests (429): one user may send no more than RATE_LIMIT_REQUESTS per RATE_LIMIT_WINDOW_SECONDS; ' +
        'start it with RATE_LIMIT_REQUESTS=10000000 HTTP_MAX_IN_FLIGHT_PER_SUBJECT=400 npm start',
    );
  if (status === '503') return failure(`${what} answered 503: the stack is overloaded; measure a lower rate`);
  return failure(status === 'none' ? `${what} was not answered` : `${what} answered ${status}`);
};

/** Sends one request and returns the body of the answer. Throws a failure when the status is not 2xx. */
export const call = async (url: string, token: string, method: string, body: unknown): Promise<unknown> => {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw refusal(`${method} ${url}`, String(response.status));
  return response.json();
};

export const withId = z.object({ id: z.string() });

/** Creates a product and returns its id. */
export const newProduct = async (
  token: string,
  quantity: number,
  inventory = urls.inventory,
): Promise<string> => {
  const sku = `BENCH-${Date.now()}-${Math.round(Math.random() * 1e6)}`;
  const price = { amountMinor: 1, currency: 'EUR' };
  const body = { name: 'Benchmark', sku, price, quantity };
  return withId.parse(await call(`${inventory}/api/v1/products`, token, 'POST', body)).id;
};
