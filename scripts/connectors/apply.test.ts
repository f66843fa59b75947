// Runs against an HTTP server that answers as Kafka Connect does.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { applyConnector, sentenceOf } from './apply.ts';
import { readConnector } from './files.ts';

let server: Server | undefined;
afterEach(async () => {
  await new Promise((resolve) => server?.close(resolve));
});

/** A worker with one connector. It answers 404 to its first `startingRequests` requests, as a starting worker does. */
const startConnect = async (config: Readonly<Record<string, string>>, startingRequests: number) => {
  const stored: unknown[] = [];
  let requests = 0;
  const listening = createServer((request, response) => {
    requests += 1;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const isStarting = requests <= startingRequests;
      if (request.method === 'PUT' && !isStarting) stored.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.writeHead(isStarting ? 404 : 200, { 'content-type': 'application/json' });
      const answer = request.url === '/connectors' ? ['order-outbox'] : config;
      response.end(JSON.stringify(isStarting ? { message: 'HTTP 404 Not Found' } : answer));
    });
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`, stored };
};

const wanted = readConnector('order');
const withinMs = 10_000;

it('applies safe changes and leaves dangerous ones out, also when Connect is still starting', async () => {
  const has = { ...wanted, 'slot.name': 'another_slot', 'poll.interval.ms': '500' };
  const { url, stored } = await startConnect(has, 5);
  const { applied, changed, left } = await applyConnector('order', { url, withinMs, dangerous: 'leave' });
  expect(applied).toBe('changed');
  expect(changed.map(({ key }) => key)).toEqual(['poll.interval.ms']);
  expect(left.map(sentenceOf)).toEqual([
    expect.stringContaining('slot.name: another_slot → order_outbox_slot'),
  ]);
  expect(stored).toEqual([{ ...wanted, 'slot.name': 'another_slot' }]);
});

it('stores nothing when every change is dangerous', async () => {
  const { url, stored } = await startConnect({ ...wanted, 'slot.name': 'another_slot' }, 0);
  const { applied, left } = await applyConnector('order', { url, withinMs, dangerous: 'leave' });
  expect([applied, left.length, stored]).toEqual(['unchanged', 1, []]);
});

it('refuses a dangerous change by default', async () => {
  const { url, stored } = await startConnect({ ...wanted, 'slot.name': 'another_slot' }, 0);
  await expect(applyConnector('order', { url, withinMs })).rejects.toThrow('these changes are dangerous');
  expect(stored).toEqual([]);
});
