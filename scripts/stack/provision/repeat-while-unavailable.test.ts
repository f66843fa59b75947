import { describe, expect, it, vi } from 'vitest';
import { repeatWhileUnavailable } from './repeat-while-unavailable.ts';

const failed = (code: string): Error => Object.assign(new Error('from PostgreSQL'), { code });
const limits = { withinMs: 10_000, everyMs: 1, onUnavailable: () => undefined };

describe('a job', () => {
  it.each([
    ['the server is shutting down', failed('57P01')],
    ['the server is starting', failed('57P03')],
    ['nothing listens', new TypeError('fetch failed', { cause: failed('ECONNREFUSED') })],
    ['the broker is unavailable', Object.assign(new Error('no broker'), { name: 'KafkaJSConnectionError' })],
    ['a partition has no leader', Object.assign(new Error('leader'), { retriable: true })],
    ['a part does not answer in time', new DOMException('late', 'TimeoutError')],
  ])('is repeated while %s', async (_, error) => {
    const job = vi.fn<() => Promise<string>>();
    job.mockRejectedValueOnce(error).mockRejectedValueOnce(error).mockResolvedValue('done');
    const onUnavailable = vi.fn();
    expect(await repeatWhileUnavailable(job, { ...limits, onUnavailable })).toBe('done');
    expect(job).toHaveBeenCalledTimes(3);
    expect(onUnavailable).toHaveBeenCalledExactlyOnceWith(error);
  });

  it.each([
    ['the password is wrong', failed('28P01')],
    ['a statement was cancelled', failed('57014')],
    ['the code has a defect', new TypeError('undefined is not a function')],
    ['a text was thrown', 'a text'],
  ])('is not repeated when %s', async (_, error) => {
    const job = vi.fn<() => Promise<string>>().mockRejectedValue(error);
    await expect(repeatWhileUnavailable(job, limits)).rejects.toBe(error);
    expect(job).toHaveBeenCalledTimes(1);
  });

  it('ends with the last error when the time is up', async () => {
    await expect(
      repeatWhileUnavailable(() => Promise.reject(failed('57P03')), { ...limits, withinMs: 0 }),
    ).rejects.toMatchObject({ code: '57P03' });
  });
});
