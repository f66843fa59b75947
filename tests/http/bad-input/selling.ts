// Products and stock changes of a seller that must be refused.
import {
  type Fixtures,
  type BadRequest,
  violation,
  json,
  type Expected,
  request,
  badRequest,
  notFound,
} from './bad-request.ts';

export const badProducts = ({ productId, sku }: Fixtures): BadRequest[] => {
  const validProduct = {
    name: 'Thing',
    sku: 'SKU-never',
    price: { amountMinor: 1, currency: 'EUR' },
    quantity: 1,
  };
  const create = (label: string, change: object, [status, code] = violation): BadRequest => ({
    label: `a product with ${label}`,
    part: 'inventory',
    line: 'POST /api/v1/products',
    as: 'seller',
    headers: [json],
    body: JSON.stringify({ ...validProduct, ...change }),
    status,
    code,
  });
  const priced = (label: string, amountMinor: unknown, currency: unknown = 'EUR'): BadRequest =>
    create(label, { price: { amountMinor, currency } });
  const patch = (
    label: string,
    body: string,
    expected: Expected,
    headers: readonly string[] = [],
  ): BadRequest =>
    request(`a change with ${label}`, 'inventory', `PATCH /api/v1/products/${productId}`, expected, {
      as: 'seller',
      headers: [json, ...headers],
      body,
    });
  return [
    create('an empty name', { name: '' }),
    create('NUL in its name', { name: 'a\u0000b' }),
    create('half a surrogate pair in its name', { name: 'a\ud800b' }),
    create('a direction override in its name', { name: '\u202egum' }),
    create('an invisible name', { name: '\u200b\u200b' }),
    create('a name of 201 characters', { name: 'n'.repeat(201) }),
    create('a list as name', { name: ['Thing'] }),
    create('a line break in its SKU', { sku: 'a\r\nb' }),
    create('an SKU of 65 characters', { sku: 's'.repeat(65) }),
    create('an SKU in use', { sku }, [409, 'sku_taken']),
    create('a seller', { sellerId: 'user-seller-002' }),
    create('units below zero', { quantity: -1 }),
    create('a tenth of a unit', { quantity: 0.1 }),
    create('a million and one units', { quantity: 1_000_001 }),
    create('an id', { id: productId }),
    priced('a negative price', -1),
    priced('a price of nothing', 0),
    priced('a fractional price', 0.5),
    priced('a price that is too high', 1e12),
    priced('a price as text', '1'),
    priced('an infinite price', Number.POSITIVE_INFINITY),
    priced('a currency in small letters', 1, 'eur'),
    priced('a currency sign', 1, '€€€'),
    priced('a currency with a line break', 1, 'EUR\n'),
    patch('nothing', '{}', violation),
    patch('a stock', '{"quantity":5}', violation),
    patch('only a prototype', '{"__proto__":{"name":"x"}}', violation),
    ...['"v1', 'v1', '0', '"v1" "v2"', '"v1",', '*, "v1"'].map((version) =>
      patch(`the version ${version}`, '{"name":"x"}', badRequest, [`If-Match: ${version}`]),
    ),
    // ETags that are well formed but were never issued, and a weak ETag, which never matches If-Match.
    ...['W/"v1"', '"v9999999999"', '""', '"v-1"', '"0"'].map((version) =>
      patch(`the version ${version}`, '{"name":"x"}', [412, 'stale_version'], [`If-Match: ${version}`]),
    ),
    patch('a version that does not exist yet', '{"name":"x"}', [412, 'stale_version'], ['If-Match: "v99"']),
    ...['0', '-5', '1000001', '"5"', '1.5', 'null'].map((quantity) =>
      request(
        `restocking ${quantity}`,
        'inventory',
        `POST /api/v1/products/${productId}/restock`,
        violation,
        {
          as: 'seller',
          headers: [json],
          body: `{"quantity":${quantity}}`,
        },
      ),
    ),
    request(
      'restocking a product that does not exist',
      'inventory',
      'POST /api/v1/products/ghost/restock',
      notFound,
      {
        as: 'seller',
        headers: [json],
        body: '{"quantity":1}',
      },
    ),
  ];
};
