// Which log lines belong to a story, and how they are told.
import { describe, expect, it } from 'vitest';
import { formatLines, isLook, linesAbout, traceIdsIn } from './logs.ts';

const line = (ms: number, service: string, message: string, fields: object): string =>
  JSON.stringify({
    timestamp: new Date(1_700_000_000_000 + ms).toISOString(),
    level: 'info',
    message,
    service,
    ...fields,
  });
const placed = line(12, 'order', 'request', {
  correlationId: '7',
  orderId: 'o-1',
  method: 'POST',
  status: 201,
  traceId: 't-1',
});
const handled = line(40, 'inventory', 'order.created accepted', {
  eventId: 'e-1',
  correlationId: '7',
  offset: '3',
  ms: 4,
});
const look = line(50, 'order', 'request', { orderId: 'o-1', method: 'GET', traceId: 't-2' });

describe('log lines', () => {
  it('of a story are those with one of its ids in a field of its own, earliest first', async () => {
    const others = [
      line(1, 'order', 'request', { correlationId: '77', ms: 7 }),
      line(2, 'order', 'said 7 and o-1', { error: { orderId: 'o-1' } }),
      'java.lang.Exception: o-1',
      '{"orderId":"o-1"',
      '{"orderId":"o-1"}',
    ];
    const { lines, left } = await linesAbout([handled, ...others, placed], ['7', 'o-1', 'e-1']);
    expect(lines.map(({ message }) => message)).toEqual(['request', 'order.created accepted']);
    expect(left).toBe(0);
    expect(traceIdsIn(lines)).toEqual(['t-1']);
  });

  it('are found behind the prefix of docker compose', async () => {
    expect((await linesAbout([`inventory-1  | ${handled}`], ['e-1'])).lines).toHaveLength(1);
  });

  it('of who only looked are told apart', async () => {
    const { lines } = await linesAbout([placed, look], ['o-1']);
    expect(lines.map(isLook)).toEqual([false, true]);
  });

  it('beyond a bound are counted and not kept', async () => {
    const { lines, left } = await linesAbout(
      Array.from({ length: 2_010 }, () => placed),
      ['o-1'],
    );
    expect([lines.length, left]).toEqual([2_000, 10]);
  });

  it('are told with their time and without what the heading says', async () => {
    const failed = line(60, 'inventory', 'kept as a dead letter', {
      orderId: 'o-1',
      attempts: 3,
      error: { name: 'Error', message: 'x'.repeat(300), stack: 'secret places' },
    });
    const { lines } = await linesAbout([placed, handled, failed], ['o-1', 'e-1']);
    expect(formatLines(lines, 1_700_000_000_000)).toEqual([
      '      12 ms   order       info    request   method=POST status=201',
      '      40 ms   inventory   info    order.created accepted   eventId=e-1 ms=4',
      `      60 ms   inventory   info    kept as a dead letter   attempts=3 error=${'x'.repeat(160)}…`,
    ]);
  });
});
