import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../process/logger.ts';
import { sweepDue } from './sweep.ts';

const due = Array.from({ length: 250 }, (_, number) => String(number).padStart(3, '0'));
const pageSize = 100;
const read = (after = '') => Promise.resolve(due.filter((id) => id > after).slice(0, pageSize));

const sweep = async (
  takesEffect: (id: string) => Promise<boolean>,
  signal = new AbortController().signal,
) => {
  const handled: string[] = [];
  const failed: unknown[] = [];
  const stream = new Writable({
    write: (line: Buffer, _encoding, written) => {
      const entry: unknown = JSON.parse(line.toString());
      if (typeof entry === 'object' && entry !== null && 'orderId' in entry) failed.push(entry.orderId);
      written();
    },
  });
  const done = await sweepDue({
    name: 'expiry',
    read,
    pageSize,
    handle: async (id) => {
      handled.push(id);
      return { kind: (await takesEffect(id)) ? 'accepted' : 'ignored' };
    },
    logger: createLogger({ service: 'test', level: 'error', stream }),
    signal,
  });
  return { done, handled, failed };
};

describe('a sweep', () => {
  it('handles every due order once, over all pages, and counts the orders that changed', async () => {
    const { done, handled } = await sweep((id) => Promise.resolve(id !== '007'));
    expect([done, handled]).toEqual([249, due]);
  });

  it('continues after orders that fail, even after a whole page of them', async () => {
    const { done, failed } = await sweep((id) =>
      id < '120' ? Promise.reject(new Error('a row that nobody can handle')) : Promise.resolve(true),
    );
    expect([done, failed]).toEqual([130, due.slice(0, 120)]);
  });

  it.each([
    ['other transactions have locked', '55P03'],
    ['are corrupt', 'XX001'],
  ])('continues after adjacent rows that %s', async (_, code) => {
    const error = new Error('Failed query', { cause: Object.assign(new Error('from PostgreSQL'), { code }) });
    const { done, failed } = await sweep((id) =>
      id >= '003' && id <= '007' ? Promise.reject(error) : Promise.resolve(true),
    );
    expect([done, failed]).toEqual([245, ['003', '004', '005', '006', '007']]);
  });

  it('ends when the database is unavailable', async () => {
    const away = Object.assign(new Error('gone'), { code: '57P01' });
    let attempts = 0;
    const swept = sweep(() => {
      attempts += 1;
      return Promise.reject(away);
    });
    await expect(swept).rejects.toBe(away);
    expect(attempts).toBe(3);
  });

  it('ends when the process stops', async () => {
    const stopping = new AbortController();
    const { handled } = await sweep((id) => {
      if (id === '003') stopping.abort();
      return Promise.resolve(true);
    }, stopping.signal);
    expect(handled).toEqual(due.slice(0, 4));
  });
});
