import { expect, it } from 'vitest';
import { textsIn } from './search-texts.ts';

it('keeps texts and numbers, and drops blank, missing and other values', () => {
  const search = { q: 'two mugs ', customer: 42, seller: ' ', sort: null, other: 'x' };
  expect(textsIn(search, 'q', 'customer', 'seller', 'sort', 'absent')).toEqual({
    q: 'two mugs ',
    customer: '42',
  });
});

it('cuts a long text', () => {
  expect(textsIn({ q: 'a'.repeat(1_000) }, 'q').q).toHaveLength(200);
});
