import { describe, expect, it } from 'vitest';
import { createOpenRequests, type OpenRequest } from './open-requests.ts';

const create = (limit: number, perSubject: number) => {
  const stop = new AbortController();
  const requests = createOpenRequests({ limit, perSubject, stopping: stop.signal });
  const opened = (subject: string): OpenRequest => {
    const request = requests.open(subject);
    if (request === 'full' || request === 'too_many') throw new Error(request);
    return request;
  };
  return { requests, stop, opened };
};

describe('open requests', () => {
  it('are limited per process; a released request makes room for another', () => {
    const { requests, opened } = create(2, 2);
    const first = opened('a');
    opened('b');
    expect(requests.open('c')).toBe('full');
    first.release();
    opened('c');
    expect(requests.count()).toBe(2);
  });

  it('are limited per caller, independently of other callers', () => {
    const { requests, opened } = create(10, 1);
    const first = opened('a');
    expect(requests.open('a')).toBe('too_many');
    opened('b');
    first.release();
    opened('a');
  });

  it('are released only once', () => {
    const { requests, opened } = create(10, 2);
    const first = opened('a');
    opened('a');
    first.release();
    first.release();
    expect(requests.count()).toBe(1);
    opened('a');
    expect(requests.open('a')).toBe('too_many');
  });

  it('all end when the process stops, and none is opened after that', () => {
    const { requests, stop, opened } = create(10, 10);
    const [first, second] = [opened('a'), opened('b')];
    second.end();
    expect([first.signal.aborted, second.signal.aborted]).toEqual([false, true]);
    stop.abort();
    expect(first.signal.aborted).toBe(true);
    expect(requests.open('c')).toBe('full');
  });
});
