import { describe, expect, it } from 'vitest';
import { splitCode, comparedVersions, toEventsSearch } from './events-search.ts';

describe('the URL parameters of the catalogue', () => {
  it('keep valid values and drop invalid ones', () => {
    expect(toEventsSearch({ type: 'order.created', from: 1, to: '2' })).toEqual({
      type: 'order.created',
      from: 1,
      to: 2,
    });
    expect(toEventsSearch({ type: [], from: 'x', to: -1 })).toEqual({});
  });
});

describe('the versions to compare', () => {
  it('are the last two, unless the URL names existing versions', () => {
    expect(comparedVersions([1, 2, 3], {})).toEqual({ from: 2, to: 3 });
    expect(comparedVersions([1, 2, 3], { from: 1 })).toEqual({ from: 1, to: 3 });
    expect(comparedVersions([1, 2, 3], { from: 3, to: 1 })).toEqual({ from: 3, to: 1 });
    expect(comparedVersions([1, 2], { from: 9, to: 9 })).toEqual({ from: 1, to: 2 });
  });
  it('are undefined if there are fewer than two versions', () => {
    expect(comparedVersions([1], { from: 1, to: 1 })).toBeUndefined();
    expect(comparedVersions([], {})).toBeUndefined();
  });
});

it('separates code in backticks from plain text', () => {
  expect(splitCode('default `0` → `none`')).toEqual([
    { text: 'default ', isCode: false },
    { text: '0', isCode: true },
    { text: ' → ', isCode: false },
    { text: 'none', isCode: true },
  ]);
});
