// The metrics of every process, as Prometheus scrapes them: they follow the conventions of Prometheus, and requests of clients
// do not create new series.
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { violationsIn, parseScrape, seriesOf } from './metric-conventions.ts';
import { newProduct, orderOne, orderWith, stack, tokenOf } from '../support/shop.ts';

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

/** Places an order, waits until it is PAID, and sends requests with unknown ids, paths and parameters. */
const traffic = async (): Promise<void> => {
  const { id: productId } = await newProduct(1);
  const { id } = await orderOne(productId);
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

describe('a scrape', () => {
  it.each(Object.keys(urls))('of %s follows the conventions of Prometheus', async (name) => {
    const text = await scrape(name);
    expect(parseScrape(text).size).toBeGreaterThan(20);
    expect(violationsIn(text)).toEqual([]);
  });

  it('has the same series of HTTP metrics after more requests', async () => {
    const series = async (): Promise<readonly string[]> => {
      const texts = await Promise.all(
        processes.map(async (name) => [name, parseScrape(await scrape(name))] as const),
      );
      return texts
        .flatMap(([name, families]) =>
          [...families].flatMap(([metric, family]) =>
            metric.startsWith('http_') ? [...seriesOf(family)].map((one) => `${name} ${metric} ${one}`) : [],
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
