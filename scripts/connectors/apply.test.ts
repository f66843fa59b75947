// Against an HTTP server that answers as Kafka Connect does.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { applyConnector, sentenceOf } from './apply.ts';
import { readConnector } from './files.ts';

let server: Server | undefined;
afterEach(async () => {
  await new Promise((resolve) => server?.close(resolve));
});

/** A worker with one connector, which answers 404 to its first requests, while it is starting. */
const connectWith = async (config: Readonly<Record<string, string>>, startingFor: number) => {
  const stored: unknown[] = [];
  let asked = 0;
  const listening = createServer((request, response) => {
    asked += 1;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const isStarting = asked <= startingFor;
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

it('applies what is safe and leaves what cannot be taken back, also when Connect is still starting', async () => {
  const has = { ...wanted, 'slot.name': 'another_slot', 'poll.interval.ms': '500' };
  const { url, stored } = await connectWith(has, 5);
  const { applied, changed, left } = await applyConnector('order', { url, withinMs, dangerous: 'leave' });
  expect(applied).toBe('changed');
  expect(changed.map(({ key }) => key)).toEqual(['poll.interval.ms']);
  expect(left.map(sentenceOf)).toEqual([
    expect.stringContaining('slot.name: another_slot → order_outbox_slot'),
  ]);
  expect(stored).toEqual([{ ...wanted, 'slot.name': 'another_slot' }]);
});

it('stores nothing when all that differs cannot be taken back', async () => {
  const { url, stored } = await connectWith({ ...wanted, 'slot.name': 'another_slot' }, 0);
  const { applied, left } = await applyConnector('order', { url, withinMs, dangerous: 'leave' });
  expect([applied, left.length, stored]).toEqual(['unchanged', 1, []]);
});

it('refuses it where nobody said what to do', async () => {
  const { url, stored } = await connectWith({ ...wanted, 'slot.name': 'another_slot' }, 0);
  await expect(applyConnector('order', { url, withinMs })).rejects.toThrow('this cannot be taken back');
  expect(stored).toEqual([]);
});
