import { expect, it } from 'vitest';
import { createCommitPosition } from './commit-position.ts';

it('there is no position before the first record', () => {
  expect(createCommitPosition().next()).toBeUndefined();
});

it('the position never passes an unfinished record, in whatever sequence the other records finish', () => {
  const position = createCommitPosition();
  for (const offset of [3n, 4n, 7n]) position.begin(offset);
  const seen = [7n, 3n, 4n].map((offset) => {
    position.finish(offset);
    return position.next();
  });
  expect(seen).toEqual([3n, 4n, 8n]);
});

it('an unfinished record that is read again holds the position until it is finished', () => {
  const position = createCommitPosition();
  for (const offset of [1n, 2n]) position.begin(offset);
  position.finish(2n);
  position.begin(1n);
  expect(position.next()).toBe(1n);
  position.finish(1n);
  expect(position.next()).toBe(3n);
});
