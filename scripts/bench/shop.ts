// What the measurements ask of the stack that `npm start` runs: demo users, products, where everything is.
import { z } from 'zod';
import { urlsOf } from '../stack/addresses.ts';
import { demoPassword } from '../stack/demonstration.ts';
import { failure } from '../../schemas/tools/failure.ts';
import { portsFrom } from '../stack/ports.ts';

export const urls = urlsOf(portsFrom(process.env));

/** An access token of a demo user. */
export const signIn = async (email: string, dashboard = urls.dashboard): Promise<string> => {
  const response = await fetch(`${dashboard}/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: demoPassword }),
    signal: AbortSignal.timeout(5_000),
  }).catch((cause: unknown) => {
    throw Object.assign(failure('nothing answers where the stack should be; run npm start first'), { cause });
  });
  return z.object({ access_token: z.string() }).parse(await response.json()).access_token;
};

/** One call that has to succeed. */
export const call = async (url: string, token: string, method: string, body: unknown): Promise<unknown> => {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (response.status === 429)
    throw failure(
      'the stack turned requests away (429): one person may send no more than RATE_LIMIT_REQUESTS of them a minute; ' +
        'start it with RATE_LIMIT_REQUESTS=10000000 HTTP_MAX_IN_FLIGHT_PER_SUBJECT=400 npm start',
    );
  if (response.status === 503)
    throw failure(
      `${method} ${url} answered 503: the stack has more to do than it can answer; measure a lower rate`,
    );
  if (!response.ok) throw failure(`${method} ${url} answered ${response.status}`);
  return response.json();
};

export const withId = z.object({ id: z.string() });

/** The id of a new product. */
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
