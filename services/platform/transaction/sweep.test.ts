import { describe, expect, it } from 'vitest';
import { sweepDue } from './sweep.ts';

const due = Array.from({ length: 250 }, (_, number) => String(number).padStart(3, '0'));
const pageSize = 100;
const read = (after = '') => Promise.resolve(due.filter((id) => id > after).slice(0, pageSize));

const sweep = async (handle: (id: string) => Promise<boolean>, signal = new AbortController().signal) => {
  const handled: string[] = [];
  const failed: string[] = [];
  const done = await sweepDue({
    read,
    pageSize,
    handle: (id) => {
      handled.push(id);
      return handle(id);
    },
    onFailure: (id) => failed.push(id),
    signal,
  });
  return { done, handled, failed };
};

describe('a sweep', () => {
  it('handles everything that is due once, over all pages, and counts what took effect', async () => {
    const { done, handled } = await sweep((id) => Promise.resolve(id !== '007'));
    expect([done, handled]).toEqual([249, due]);
  });

  it('goes on behind what fails, also when that is a whole page', async () => {
    const { done, failed } = await sweep((id) =>
      id < '120' ? Promise.reject(new Error('a row that nobody can handle')) : Promise.resolve(true),
    );
    expect([done, failed]).toEqual([130, due.slice(0, 120)]);
  });

  it('ends when the database is away', async () => {
    const away = Object.assign(new Error('gone'), { code: '57P01' });
    await expect(sweep(() => Promise.reject(away))).rejects.toBe(away);
  });

  it('ends with its process', async () => {
    const stopping = new AbortController();
    const { handled } = await sweep((id) => {
      if (id === '003') stopping.abort();
      return Promise.resolve(true);
    }, stopping.signal);
    expect(handled).toEqual(due.slice(0, 4));
  });
});
