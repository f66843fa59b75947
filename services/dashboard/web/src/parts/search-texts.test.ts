import { expect, it } from 'vitest';
import { textsIn } from './search-texts.ts';

it('keeps the texts and numbers of the named parameters, and drops blank texts and values of other types', () => {
  const search = { q: 'two mugs ', customer: 42, seller: ' ', sort: null, other: 'x' };
  expect(textsIn(search, 'q', 'customer', 'seller', 'sort', 'absent')).toEqual({
    q: 'two mugs ',
    customer: '42',
  });
});

it('cuts a long text', () => {
  expect(textsIn({ q: 'a'.repeat(1_000) }, 'q').q).toHaveLength(200);
});
