// The figures of every process as Prometheus would get them: named by its conventions, explained, and of a number that what
// clients send cannot raise.
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { complaintsAbout, parseScrape, seriesOf } from './metric-conventions.ts';
import { newProduct, orderWith, place, stack, tokenOf } from '../support/shop.ts';

const processes = ['order', 'inventory', 'payment', 'gateway', 'dashboard', 'auditor'] as const;
const urls: Readonly<Record<string, string>> = {
  ...Object.fromEntries(processes.map((name) => [name, stack.urls[name]])),
  connect: `http://127.0.0.1:${stack.ports.connectMetrics}`,
};
const scrape = async (name: string): Promise<string> => {
  const response = await fetch(`${urls[name] ?? ''}/metrics`, { signal: AbortSignal.timeout(10_000) });
  expect(response.status).toBe(200);
  return response.text();
};

/** An order to PAID, and what clients do by mistake: ids, paths and parameters that nobody has heard of. */
const traffic = async (): Promise<void> => {
  const { id: productId } = await newProduct(1);
  const { id } = await place({ items: [{ productId, quantity: 1 }] });
  await orderWith(id, 'PAID');
  const headers = { authorization: `Bearer ${await tokenOf('user')}` };
  const unknown = randomUUID();
  const paths = [
    `/${unknown}`,
    `/api/v1/orders/${unknown}`,
    `/api/v1/payments/${unknown}`,
    `/api/v1/products/${unknown}`,
  ];
  for (const name of processes)
    for (const path of [...paths, `/api/v1/orders?cursor=${unknown}`])
      await (
        await fetch(`${stack.urls[name]}${path}`, { headers, signal: AbortSignal.timeout(10_000) })
      ).text();
};

describe('what Prometheus gets', () => {
  it.each(Object.keys(urls))('of %s keeps its conventions', async (name) => {
    const text = await scrape(name);
    expect(parseScrape(text).size).toBeGreaterThan(20);
    expect(complaintsAbout(text)).toEqual([]);
  });

  it('does not grow with what clients send', async () => {
    /** What is counted per request and per event: the figures that traffic could add to. */
    const series = async (): Promise<readonly string[]> => {
      const texts = await Promise.all(
        processes.map(async (name) => [name, parseScrape(await scrape(name))] as const),
      );
      return texts
        .flatMap(([name, families]) =>
          [...families].flatMap(([figure, family]) =>
            figure.startsWith('http_') ? [...seriesOf(family)].map((one) => `${name} ${figure} ${one}`) : [],
          ),
        )
        .sort();
    };
    await traffic();
    const before = await series();
    await traffic();
    expect(before.length).toBeGreaterThan(processes.length);
    expect(await series()).toEqual(before);
  });
});
