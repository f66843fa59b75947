import { describe, expect, it } from 'vitest';
import { formatLines, isReadRequest, findLines, traceIdsIn } from './logs.ts';

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
const readRequest = line(50, 'order', 'request', { orderId: 'o-1', method: 'GET', traceId: 't-2' });

describe('log lines', () => {
  it('are found when one of their fields equals an id of the order, and are sorted by time', async () => {
    const unrelated = [
      line(1, 'order', 'request', { correlationId: '77', ms: 7 }),
      line(2, 'order', '7 and o-1 in a sentence', { error: { orderId: 'o-1' } }),
      'java.lang.Exception: o-1',
      '{"orderId":"o-1"',
      '{"orderId":"o-1"}',
    ];
    const { lines, omitted } = await findLines([handled, ...unrelated, placed], ['7', 'o-1', 'e-1']);
    expect(lines.map(({ message }) => message)).toEqual(['request', 'order.created accepted']);
    expect(omitted).toBe(0);
    expect(traceIdsIn(lines)).toEqual(['t-1']);
  });

  it('are found after the prefix of docker compose', async () => {
    expect((await findLines([`inventory-1  | ${handled}`], ['e-1'])).lines).toHaveLength(1);
  });

  it('of read requests are recognised', async () => {
    const { lines } = await findLines([placed, readRequest], ['o-1']);
    expect(lines.map(isReadRequest)).toEqual([false, true]);
  });

  it('beyond a limit are only counted', async () => {
    const { lines, omitted } = await findLines(
      Array.from({ length: 2_010 }, () => placed),
      ['o-1'],
    );
    expect([lines.length, omitted]).toEqual([2_000, 10]);
  });

  it('are formatted with their time and without the fields that are shown elsewhere', async () => {
    const failed = line(60, 'inventory', 'kept as a dead letter', {
      orderId: 'o-1',
      attempts: 3,
      error: { name: 'Error', message: 'x'.repeat(300), stack: 'secret places' },
    });
    const { lines } = await findLines([placed, handled, failed], ['o-1', 'e-1']);
    expect(formatLines(lines, 1_700_000_000_000)).toEqual([
      '      12 ms   order       info    request   method=POST status=201',
      '      40 ms   inventory   info    order.created accepted   eventId=e-1 ms=4',
      `      60 ms   inventory   info    kept as a dead letter   attempts=3 error=${'x'.repeat(160)}…`,
    ]);
  });
});
