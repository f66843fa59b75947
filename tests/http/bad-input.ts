// A corpus of requests that must be refused: what strangers, broken clients and scanners send. Each names the status and the
// code it is documented to be answered with. They are written to the socket as they are, because a client library would
// correct most of them.
import { encodeCursor } from '../../services/platform/http/request/cursor.ts';
import type { Person } from '../support/shop.ts';

type Bytes = Buffer | string;
export interface BadRequest {
  readonly what: string;
  readonly part: 'order' | 'inventory' | 'payment' | 'gateway' | 'dashboard';
  /** Method and target. */
  readonly line: string;
  readonly as?: Person;
  /** Header lines, as latin1. `Content-Length` is added unless the framing is named here. */
  readonly headers?: readonly string[];
  readonly body?: Bytes;
  readonly status: number;
  readonly code: string;
  /** Refused before there is a request with an address, so no operation can document it. */
  readonly beforeRouting?: true;
}

export interface Known {
  /** A product of the seller. */
  readonly productId: string;
  readonly sku: string;
  /** An order of the user, to be paid by hand. */
  readonly orderId: string;
  readonly forgedToken: string;
}

const json = 'Content-Type: application/json';
const someId = '0198c0de-0000-7000-8000-000000000001';
const deep = (open: string, close: string): string => open.repeat(10_000) + close.repeat(10_000);
type Expected = readonly [status: number, code: string];
const malformed: Expected = [400, 'malformed_json'];
const badRequest: Expected = [400, 'bad_request'];
const unauthenticated: Expected = [401, 'unauthenticated'];
const forbidden: Expected = [403, 'forbidden'];
const notFound: Expected = [404, 'not_found'];
const wrongMethod: Expected = [405, 'method_not_allowed'];
const tooLarge: Expected = [413, 'body_too_large'];
const wrongType: Expected = [415, 'unsupported_media_type'];
const violation: Expected = [422, 'schema_violation'];
const unknownProduct: Expected = [422, 'unknown_product'];

/** The same request with one thing after the other wrong; [what, value]. */
type Wrong = readonly [what: string, value: Bytes];

const placing = ({ productId }: Known): BadRequest[] => {
  const payment = '{"mode":"AUTO","method":"card"}';
  const orderOf = (id: string, quantity = '1', more = ''): string =>
    `{"items":[{"productId":${id},"quantity":${quantity}${more}}],"payment":${payment}}`;
  const id = JSON.stringify(productId);
  const good = orderOf(id);
  const post = (what: string, body: Bytes, [status, code]: Expected, headers = [json]): BadRequest => ({
    what: `an order with ${what}`,
    part: 'order',
    line: 'POST /api/v1/orders',
    as: 'user',
    headers,
    body,
    status,
    code,
  });
  const each = (bodies: readonly Wrong[], expected: Expected): BadRequest[] =>
    bodies.map(([what, body]) => post(what, body, expected));

  const wrongItems = ['null', '"text"', '5', '{}', 'true', '[]', '[null]', '[[]]', '["x"]', '[{}]'];
  const wrongIds = {
    'no product id': 'null',
    'a number as product id': '5',
    'a list as product id': '[]',
    'an object as product id': '{"toString":1}',
    'an empty product id': '""',
    'a blank product id': '"   "',
    'a product id of 101 characters': JSON.stringify('x'.repeat(101)),
    'a product id of a million characters': JSON.stringify('x'.repeat(1_000_000)),
    'NUL in the product id': '"a\\u0000b"',
    'a line break in the product id': '"a\\nlevel=error forged"',
    'a terminal sequence in the product id': '"\\u001b[2Jb"',
    'a direction override in the product id': '"a\\u202eb"',
    'a line separator in the product id': '"a\\u2028b"',
    'half a surrogate pair at the end of the product id': '"a\\ud83d"',
    'half a surrogate pair at the start of the product id': '"\\ude00a"',
    'a surrogate pair the wrong way round': '"\\ude00\\ud83d"',
    'an invisible product id': '"\\u200b\\u200d\\ufeff"',
  };
  const strangeIds = [
    '🛒👩‍👩‍👧',
    'מוצר',
    'cera\u200bmic-mug',
    'ｃeramic-mug',
    'CERAMIC-MUG',
    "' OR 1=1 --",
    "x'; drop table orders; --",
    '$1',
    '${jndi:ldap://nowhere.invalid/a}',
    '{{7*7}}',
    '<script>alert(1)</script>',
    '../../etc/passwd',
    '%00',
    '%s%s%n',
    'NaN',
    '__proto__',
    'constructor',
    'null',
  ];
  const wrongQuantities = [
    ...['0', '-0', '-1', '0.5', '1e-7', '10001', '1e15', '1e400', '-1e400', '9007199254740993'],
    ...['"1"', '"1e3"', '"NaN"', 'null', 'true', '[1]', '{}', '""'],
  ];
  const noNumbers = ['NaN', 'Infinity', '-Infinity', '0x10', '01', '1_000', '+1', '.5', '1.', 'undefined'];
  const wrongPayments = {
    null: 'null',
    text: '"AUTO"',
    'a list': '[]',
    'no mode': '{"method":"card"}',
    'a mode in small letters': '{"mode":"auto","method":"card"}',
    'a list as mode': '{"mode":["AUTO"],"method":"card"}',
    cash: '{"mode":"AUTO","method":"cash"}',
    'a card number as token': '{"mode":"AUTO","method":"card","token":"4111111111111111"}',
    'an empty token': '{"mode":"AUTO","method":"card","token":"tok_"}',
    'a token of 200 characters': `{"mode":"AUTO","method":"card","token":"tok_${'a'.repeat(200)}"}`,
    'a line break after the token': '{"mode":"AUTO","method":"card","token":"tok_success\\n"}',
    'null as token': '{"mode":"AUTO","method":"card","token":null}',
    'a card number beside the token': '{"mode":"AUTO","method":"card","cardNumber":"4111111111111111"}',
  };
  const withKey = (key: string): string => `${good.slice(0, -1)},${key}}`;
  const bytes = (...parts: readonly (string | readonly number[])[]): Buffer =>
    Buffer.concat(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([...part]))),
    );
  const around = (...wrong: readonly number[]): Buffer =>
    bytes('{"items":[{"productId":"a', wrong, `","quantity":1}],"payment":${payment}}`);

  return [
    ...each(
      wrongItems.map((items): Wrong => [`items ${items}`, `{"items":${items},"payment":${payment}}`]),
      violation,
    ),
    ...each(
      Object.entries(wrongIds).map(([what, value]): Wrong => [what, orderOf(value)]),
      violation,
    ),
    ...each(
      strangeIds.map((text): Wrong => [`the product ${text}`, orderOf(JSON.stringify(text))]),
      unknownProduct,
    ),
    ...each(
      wrongQuantities.map((quantity): Wrong => [`a quantity of ${quantity}`, orderOf(id, quantity)]),
      violation,
    ),
    ...each(
      noNumbers.map((text): Wrong => [`a quantity written ${text}`, orderOf(id, text)]),
      malformed,
    ),
    ...each(
      Object.entries(wrongPayments).map(([what, wrong]): Wrong => [
        `payment: ${what}`,
        `{"items":[{"productId":${id},"quantity":1}],"payment":${wrong}}`,
      ]),
      violation,
    ),
    ...each(
      [
        ['a customer', withKey('"customerId":"user-customer-002"')],
        ['a status', withKey('"status":"PAID"')],
        ['a constructor', withKey('"constructor":{"prototype":{"isAdmin":true}}')],
        ['a prototype', withKey('"__proto__":{"isAdmin":true}')],
        ['a toString', withKey('"toString":1')],
        ['a price in a line', orderOf(id, '1', ',"unitPrice":{"amountMinor":1,"currency":"EUR"}')],
        ['a prototype in a line', orderOf(id, '1', ',"__proto__":{"quantity":2}')],
        ['a quantity twice, the second wrong', orderOf(id, '1', ',"quantity":0')],
        ['items twice, the second empty', withKey('"items":[]')],
        [
          '101 lines',
          `{"items":[${`{"productId":${id},"quantity":1},`.repeat(100)}{"productId":${id},"quantity":1}],"payment":${payment}}`,
        ],
        ['100,000 wrong lines', `{"items":[${'0,'.repeat(99_999)}0],"payment":${payment}}`],
        [
          '50,000 unknown fields',
          `{${Array.from({ length: 50_000 }, (_, index) => `"k${index}":0`).join(',')}}`,
        ],
        ['10,000 lists inside of each other', deep('[', ']')],
        ['10,000 objects inside of each other', `${'{"items":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
        ['10,000 lists as items', `{"items":${deep('[', ']')},"payment":${payment}}`],
        ['10,000 lists in an unknown field', withKey(`"more":${deep('[', ']')}`)],
        ['null as body', 'null'],
        ['a list as body', '[]'],
        ['text as body', '"order"'],
        ['a number as body', '0'],
      ],
      violation,
    ),
    ...each(
      [
        ['an unfinished body', good.slice(0, -1)],
        ['10,000 lists that are never closed', '['.repeat(10_000)],
        ['a trailing comma', `${good.slice(0, -1)},}`],
        ['something after its end', `${good}x`],
        ['a second body', good + good],
        ['a comment', `/* */${good}`],
        ['single quotes', good.replaceAll('"', "'")],
        ['NUL between its members', `${good}\0`],
        ['a raw line break inside of text', orderOf('"a\nb"')],
        ['spaces only', '   '],
        ['UTF-16', Buffer.from(`\ufeff${good}`, 'utf16le')],
        ['an overlong encoding', around(0xc0, 0xaf)],
        ['a continuation byte alone', around(0x80)],
        ['a surrogate in UTF-8', around(0xed, 0xa0, 0x80)],
        ['half a character', around(0xf0, 0x9f, 0x9b)],
        ['bytes beyond Unicode', around(0xf5, 0x80, 0x80, 0x80)],
        ['latin1', around(0xe9)],
      ],
      malformed,
    ),
    ...[
      'text/plain',
      'text/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/octet-stream',
      'application/jsonp',
      'json',
      'application/json; charset=utf-16',
      'application/json; charset="iso-8859-1"',
    ].map((type) => post(`the type ${type}`, good, wrongType, [`Content-Type: ${type}`])),
    ...['gzip', 'br', 'deflate', 'gzip, gzip', 'x-unknown'].map((coding) =>
      post(`the coding ${coding}`, good, wrongType, [json, `Content-Encoding: ${coding}`]),
    ),
    post('no type', good, wrongType, []),
    post('more than a mebibyte', `"${'x'.repeat(1_048_576)}"`, tooLarge),
    post('wrong framing around a wrong body', '7\r\n{"a":1}\r\n0\r\n\r\n', violation, [
      json,
      'Transfer-Encoding: chunked',
    ]),
    post('more bytes announced than may be sent', good, tooLarge, [json, 'Content-Length: 99999999999']),
    ...[
      ['an empty key', ''],
      ['a key with a space', 'a b'],
      ['a key of 256 characters', 'k'.repeat(256)],
      ['a key of 8,000 characters', 'k'.repeat(8_000)],
      ['a key beyond ASCII', 'schl\xfcssel'],
      ['a tab in the key', 'a\tb'],
      ['a quote inside the key', 'a"b'],
      ['an empty quoted key', '""'],
    ].map(([what, key]) => post(String(what), good, badRequest, [json, `Idempotency-Key: ${key}`])),
    post('two keys', good, badRequest, [json, 'Idempotency-Key: one', 'Idempotency-Key: two']),
    ...[
      'Prefer: wait=99999999999999999999',
      `Prefer: ${'"'.repeat(5_000)}`,
      'traceparent: 00-00000000000000000000000000000000-0000000000000000-ff',
      `traceparent: ${'f'.repeat(5_000)}`,
      'X-Correlation-Id: a b {"level":"error"}',
      `X-Correlation-Id: ${'c'.repeat(5_000)}`,
      'X-Correlation-Id: __proto__\r\nX-Correlation-Id: two',
      'X-HTTP-Method-Override: DELETE',
      'X-Forwarded-Host: nowhere.invalid',
      'Cookie: session=admin',
    ].map((line) => post(`nothing in it, under ${line.slice(0, 40)}`, '{}', violation, [json, line])),
  ];
};

const callers = ({ orderId, productId, forgedToken }: Known): BadRequest[] => {
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const travelling = Buffer.from('{"alg":"EdDSA","kid":"../../../dev/null"}').toString('base64url');
  const payload = Buffer.from('{"sub":"user-admin-001","roles":["ADMIN"]}').toString('base64url');
  const with401 = [
    ['no credentials', []],
    ['an empty scheme', ['Authorization: ']],
    ['a scheme without a token', ['Authorization: Bearer']],
    ['a word as token', ['Authorization: Bearer admin']],
    ['a basic login', ['Authorization: Basic YWRtaW46YWRtaW4=']],
    ['an unsigned token', [`Authorization: Bearer ${none}.${payload}.`]],
    ['a key id that is a path', [`Authorization: Bearer ${travelling}.${payload}.AAAA`]],
    ['a forged signature', [`Authorization: Bearer ${forgedToken}`]],
    ['8,000 characters as token', [`Authorization: Bearer ${'a'.repeat(8_000)}`]],
    ['bytes beyond ASCII as token', ['Authorization: Bearer \xff\xfe']],
    ['a token in the wrong header', [`X-Authorization: Bearer ${forgedToken}`]],
    ['a token in a cookie', [`Cookie: access_token=${forgedToken}`]],
  ] as const;
  const order = `/api/v1/orders/${orderId}`;
  const with403 = [
    ['order', 'POST /api/v1/orders', 'seller'],
    ['order', 'POST /api/v1/orders', 'admin'],
    ['order', `POST ${order}/cancel`, 'seller'],
    ['order', `POST ${order}/confirm`, 'user'],
    ['order', `POST ${order}/fulfill`, 'admin'],
    ['order', `POST ${order}/repair`, 'user'],
    ['order', `GET ${order}/history`, 'seller'],
    ['order', 'GET /api/v1/audit', 'seller'],
    ['order', 'GET /api/v1/dead-letters', 'user'],
    ['inventory', 'POST /api/v1/products', 'user'],
    ['inventory', 'POST /api/v1/products', 'admin'],
    ['inventory', `PATCH /api/v1/products/${productId}`, 'user'],
    ['inventory', `GET /api/v1/products/${productId}/movements`, 'user'],
    ['inventory', `GET /api/v1/reservations?orderId=${orderId}`, 'user'],
    ['payment', `GET /api/v1/payments/${orderId}`, 'seller'],
    ['payment', `POST /api/v1/payments/${orderId}/pay`, 'admin'],
    ['payment', `POST /api/v1/payments/${orderId}/repair`, 'user'],
    ['payment', 'GET /api/v1/gateway', 'user'],
  ] as const;
  const with404 = [
    ['order', `GET ${order}`, 'user2'],
    ['order', `POST ${order}/cancel`, 'user2'],
    ['order', `GET ${order}/events`, 'user2'],
    ['payment', `GET /api/v1/payments/${orderId}`, 'user2'],
    ['inventory', `GET /api/v1/products/${productId}/movements`, 'seller2'],
  ] as const;
  return [
    ...with401.map(([what, headers]) =>
      request(`a caller with ${what}`, 'order', 'GET /api/v1/orders', unauthenticated, { headers }),
    ),
    ...with403.map(([part, line, as]) =>
      request(`${line} as ${as}`, part, line, forbidden, { as, headers: [json], body: '{}' }),
    ),
    ...with404.map(([part, line, as]) => request(`somebody else’s: ${line}`, part, line, notFound, { as })),
    ...(['order', 'inventory', 'payment'] as const).flatMap((part) => [
      request('faults without the token', part, 'DELETE /chaos/faults', badRequest),
      request('faults with a wrong token', part, 'DELETE /chaos/faults', forbidden, {
        headers: ['X-Chaos-Token: x'],
      }),
    ]),
  ];
};

const request = (
  what: string,
  part: BadRequest['part'],
  line: string,
  [status, code]: Expected,
  more: Partial<BadRequest> = {},
): BadRequest => ({ what, part, line, status, code, ...more });

const addresses = ({ orderId, productId }: Known): BadRequest[] => {
  const order = `/api/v1/orders/${orderId}`;
  const nowhere = [
    '/api/v1/orders/',
    '//api/v1/orders',
    '/api/v1//orders',
    '/API/V1/ORDERS',
    '/api/v2/orders',
    '/api/v1/orders;v=1',
    `${order}/`,
    `${order};x=1`,
    `${order}.json`,
    `${order}%00`,
    `${order}%0d%0aSet-Cookie:%20a=b`,
    `${order}%20`,
    '/api/v1/orders/not-a-uuid',
    '/api/v1/orders/*',
    '/api/v1/orders/__proto__',
    '/api/v1/orders/constructor',
    '/api/v1/orders/..%2f..%2fhealth%2flive',
    '/api/v1/orders/%252e%252e%252fhealth',
    '/api/v1/orders/%2e%2e/%2e%2e/secrets',
    '/api/v1/orders/%ff%fe',
    '/api/v1/orders/%ed%a0%80',
    '/api/v1/orders/%zz',
    `/api/v1/orders/${someId}'%20or%201=1`,
    `/api/v1/orders/${someId}`,
    `/api/v1/orders/${'x'.repeat(8_000)}`,
    `/${'a/'.repeat(4_000)}`,
    '/.env',
    '/docs/..%2f..%2f..%2fpackage.json',
    '/problems/__proto__',
    '/problems/constructor',
    `/problems/${'x'.repeat(101)}`,
  ];
  const things = [
    'a%00b',
    '%e2%80%ae',
    '%20',
    'x'.repeat(101),
    "'%20or%20''='",
    '..%2f..%2fx',
    '%f0%9f%9b%92',
  ];
  return [
    ...nowhere.map((target) =>
      request(`at ${target.slice(0, 60)}`, 'order', `GET ${target}`, notFound, { as: 'user' }),
    ),
    ...things.map((id) =>
      request(`a product called ${id.slice(0, 40)}`, 'inventory', `GET /api/v1/products/${id}`, notFound, {
        as: 'user',
      }),
    ),
    ...['DELETE', 'PUT', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'].map((method) =>
      request(`${method} of the orders`, 'order', `${method} /api/v1/orders`, wrongMethod, { as: 'user' }),
    ),
    request('POST of one order', 'order', `POST ${order}`, wrongMethod, { as: 'user' }),
    request('DELETE of a product', 'inventory', `DELETE /api/v1/products/${productId}`, wrongMethod, {
      as: 'seller',
    }),
    request('GET of a login', 'dashboard', 'GET /auth/token?email=a&password=b', wrongMethod),
    request('a change of a reading address', 'payment', 'POST /api/v1/gateway', wrongMethod, { as: 'admin' }),
  ];
};

const queries = ({ orderId, productId }: Known): BadRequest[] => {
  const list = (query: string): BadRequest =>
    request(`orders?${query.slice(0, 60)}`, 'order', `GET /api/v1/orders?${query}`, violation, {
      as: 'user',
    });
  const cursor = (...position: readonly string[]): string => `cursor=${encodeCursor(...position)}`;
  const raw = (value: unknown): string =>
    `cursor=${Buffer.from(JSON.stringify(value)).toString('base64url')}`;
  const asAdmin = (path: string): BadRequest =>
    request(path.slice(0, 70), 'order', `GET /api/v1/${path}`, violation, { as: 'admin' });
  return [
    ...['0', '-1', '101', '1e9', '1.5', 'abc', 'NaN', 'Infinity', '', '%00', '1;drop', '1%20or%201'].map(
      (limit) => list(`limit=${limit}`),
    ),
    ...['limit=1&limit=2', 'status=paid', 'status=', 'status=PAID&status=PENDING', 'status=PAID%00'].map(
      list,
    ),
    ...['cursor=nonsense', 'cursor=', `cursor=${'x'.repeat(501)}`, `cursor=a&cursor=b`].map(list),
    list(cursor(productId)),
    list(cursor('2026-01-01T00:00:00.000Z', '17')),
    list(cursor('0000-01-01T00:00:00.000Z', someId)),
    list(cursor("2026-01-01T00:00:00.000Z'; --", someId)),
    list(cursor('2026-01-01T00:00:00.000Z', `${someId}'; --`)),
    list(raw({ __proto__: [] })),
    list(raw(['a\u0000', someId])),
    list(raw([])),
    list(raw(null)),
    request(
      'products after a cursor of orders',
      'inventory',
      `GET /api/v1/products?${cursor('a', someId)}`,
      violation,
      { as: 'user' },
    ),
    ...[cursor('first'), cursor('1'.repeat(16)), cursor('-1'), 'limit=1000'].map((query) =>
      request(
        `movements?${query}`,
        'inventory',
        `GET /api/v1/products/${productId}/movements?${query}`,
        violation,
        { as: 'seller' },
      ),
    ),
    ...['', '?orderId=', '?orderId=x', `?orderId=${someId}&orderId=${someId}`, '?orderId[]=1'].map((query) =>
      request(`reservations${query}`, 'inventory', `GET /api/v1/reservations${query}`, violation, {
        as: 'admin',
      }),
    ),
    ...[
      'audit?from=yesterday',
      'audit?from=0000-12-31T23:59:59Z',
      'audit?to=9999-12-31T23:59:59-23:00',
      'audit?outcome=maybe',
      'audit?subject=%00',
      `audit?action=${'x'.repeat(201)}`,
      `audit?${cursor('0000-01-01T00:00:00.000Z', '1')}`,
      'audit/verification?position=1',
      `audit/verification?position=0&hash=${'0'.repeat(64)}`,
      `audit/verification?position=1e30&hash=${'0'.repeat(64)}`,
      'audit/verification?position=1&hash=x',
      'dead-letters?fingerprint=%00',
      'dead-letters?fingerprint=',
      'dead-letters?state=lost',
      'dead-letters?limit=0',
      'dead-letters?cursor=x',
    ].map(asAdmin),
    ...['abc', '-1', '1.5', '1'.repeat(16), '999999999999999', '1, 2', '\xe9'].map((last) =>
      request(`events after ${last}`, 'order', `GET /api/v1/orders/${orderId}/events`, badRequest, {
        as: 'user',
        headers: [`Last-Event-ID: ${last}`],
      }),
    ),
  ];
};

const selling = ({ productId, sku }: Known): BadRequest[] => {
  const good = { name: 'Thing', sku: 'SKU-never', price: { amountMinor: 1, currency: 'EUR' }, quantity: 1 };
  const create = (what: string, change: object, [status, code] = violation): BadRequest => ({
    what: `a product with ${what}`,
    part: 'inventory',
    line: 'POST /api/v1/products',
    as: 'seller',
    headers: [json],
    body: JSON.stringify({ ...good, ...change }),
    status,
    code,
  });
  const priced = (what: string, amountMinor: unknown, currency: unknown = 'EUR'): BadRequest =>
    create(what, { price: { amountMinor, currency } });
  const patch = (
    what: string,
    body: string,
    expected: Expected,
    headers: readonly string[] = [],
  ): BadRequest =>
    request(`a change with ${what}`, 'inventory', `PATCH /api/v1/products/${productId}`, expected, {
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
    priced('a fractional price', 0.5),
    priced('a price that is too high', 1e12),
    priced('a price as text', '1'),
    priced('an infinite price', Number.POSITIVE_INFINITY),
    priced('a currency in small letters', 1, 'eur'),
    priced('a currency sign', 1, '€€€'),
    priced('a currency with a line break', 1, 'EUR\n'),
    patch('nothing', '{}', violation),
    patch('a stock', '{"quantity":5}', violation),
    patch('a prototype only', '{"__proto__":{"name":"x"}}', violation),
    ...['"v1', 'W/"v1"', 'v1', '"v9999999999"', '"v1", "v2"', '""', '"v-1"'].map((version) =>
      patch(`the version ${version}`, '{"name":"x"}', badRequest, [`If-Match: ${version}`]),
    ),
    patch('a version of the future', '{"name":"x"}', [412, 'stale_version'], ['If-Match: "v99"']),
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
    request('restocking what is not there', 'inventory', 'POST /api/v1/products/ghost/restock', notFound, {
      as: 'seller',
      headers: [json],
      body: '{"quantity":1}',
    }),
  ];
};

const money = ({ orderId }: Known): BadRequest[] => {
  const pay = (
    what: string,
    body: string,
    expected: Expected,
    id = orderId,
    headers: readonly string[] = [],
  ) =>
    request(`paying ${what}`, 'payment', `POST /api/v1/payments/${id}/pay`, expected, {
      as: 'user',
      headers: [json, ...headers],
      body,
    });
  const repair = (what: string, body: string, expected: Expected, id = orderId): BadRequest =>
    request(`a repair with ${what}`, 'payment', `POST /api/v1/payments/${id}/repair`, expected, {
      as: 'admin',
      headers: [json],
      body,
    });
  const charge = { amountMinor: 1, currency: 'EUR', reference: 'bad-input' };
  const charging = (
    what: string,
    change: object,
    expected: Expected = violation,
    key = 'bad-input',
  ): BadRequest =>
    request(`a charge with ${what}`, 'gateway', 'POST /v1/charges', expected, {
      headers: [json, `Idempotency-Key: ${key}`],
      body: JSON.stringify({ ...charge, ...change }),
    });
  const missingKey: Expected = [400, 'idempotency_key_missing'];
  const behaviour = (what: string, body: object): BadRequest =>
    request(`a behaviour with ${what}`, 'gateway', 'PUT /v1/behaviour', violation, {
      headers: [json],
      body: JSON.stringify(body),
    });
  const login = (what: string, body: string, expected: Expected): BadRequest =>
    request(`a login with ${what}`, 'dashboard', 'POST /auth/token', expected, { headers: [json], body });
  const wrongCredentials: Expected = [401, 'wrong_credentials'];
  return [
    pay('without a token', '{}', violation),
    pay('with a card number', '{"token":"4111111111111111"}', violation),
    pay('with half a surrogate pair', '{"token":"tok_\\ud800"}', violation),
    pay('an amount of their own', '{"token":"tok_success","amountMinor":1}', violation),
    pay('for an order that is not there', '{"token":"tok_success"}', notFound, someId),
    pay('for what is not an id', '{"token":"tok_success"}', notFound, 'x'),
    pay('under a key with a space', '{"token":"tok_success"}', badRequest, orderId, ['Idempotency-Key: a b']),
    repair('no reason', '{}', violation),
    repair('a blank reason', '{"reason":" "}', violation),
    repair('a line break in its reason', '{"reason":"a\\n{\\"level\\":\\"error\\"}"}', violation),
    repair('a reason of 501 characters', `{"reason":"${'r'.repeat(501)}"}`, violation),
    repair('half a surrogate pair', '{"reason":"\\udfff"}', violation),
    repair('a reason, for an order that is not there', '{"reason":"why not"}', notFound, someId),
    charging('no key', {}, missingKey, ''),
    charging('a key with a space', {}, missingKey, 'a b'),
    charging('a key of 256 characters', {}, missingKey, 'k'.repeat(256)),
    charging('nothing to charge', { amountMinor: 0 }),
    charging('less than nothing', { amountMinor: -1 }),
    charging('half a cent', { amountMinor: 0.5 }),
    charging('too much', { amountMinor: 1e13 }),
    charging('an amount as text', { amountMinor: '1' }),
    charging('a currency in small letters', { currency: 'eur' }),
    charging('an empty reference', { reference: '' }),
    charging('NUL in the reference', { reference: 'a\u0000b' }),
    charging('half a surrogate pair in the reference', { reference: '\udc00' }),
    charging('a reference of 256 characters', { reference: 'r'.repeat(256) }),
    charging('a line break in the token', { token: 'tok_success\n{}' }),
    charging('a card number', { cardNumber: '4111111111111111' }),
    request('a refund of no charge', 'gateway', 'POST /v1/charges/ghost/refunds', notFound, {
      headers: [json, 'Idempotency-Key: bad-input'],
      body: '{"amountMinor":1}',
    }),
    request('looking for no key', 'gateway', 'GET /v1/charges', violation),
    request(
      'looking for two keys',
      'gateway',
      'GET /v1/charges?idempotencyKey=a&idempotencyKey=b',
      violation,
    ),
    behaviour('an unknown mode', { mode: 'kind' }),
    behaviour('a rate of two', { mode: 'error', rate: 2 }),
    behaviour('a negative rate', { mode: 'error', rate: -0.1 }),
    behaviour('a latency of days', { mode: 'slow', latencyMs: 1e9 }),
    behaviour('a seed beyond 32 bits', { mode: 'error', seed: 1e20 }),
    behaviour('a prototype', { mode: 'normal', constructor: {} }),
    login('a wrong password', '{"email":"user@orderflow.io","password":"wrong"}', wrongCredentials),
    login('SQL as e-mail', '{"email":"\' or 1=1 --","password":"x"}', wrongCredentials),
    login(
      'NUL in the e-mail',
      '{"email":"user@orderflow.io\\u0000","password":"orderflow"}',
      wrongCredentials,
    ),
    login(
      'half a surrogate pair as password',
      '{"email":"user@orderflow.io","password":"\\ud800"}',
      wrongCredentials,
    ),
    login('the e-mail of nobody', '{"email":"__proto__","password":"orderflow"}', wrongCredentials),
    login('a list as e-mail', '{"email":["user@orderflow.io"],"password":"orderflow"}', violation),
    login('a query as password', '{"email":"user@orderflow.io","password":{"$ne":null}}', violation),
    login('a password of 257 characters', `{"email":"a","password":"${'p'.repeat(257)}"}`, violation),
    login('roles', '{"email":"user@orderflow.io","password":"orderflow","roles":["ADMIN"]}', violation),
    request('a login as a form', 'dashboard', 'POST /auth/token', wrongType, {
      headers: ['Content-Type: application/x-www-form-urlencoded'],
      body: 'email=user@orderflow.io&password=orderflow',
    }),
    ...(
      [
        [
          'a replay of a fingerprint with NUL',
          'POST /api/v1/dead-letters/replay',
          '{"fingerprint":"\\u0000"}',
          violation,
        ],
        [
          'a replay of half a surrogate pair',
          'POST /api/v1/dead-letters/replay',
          '{"fingerprint":"\\ud800"}',
          violation,
        ],
        [
          'a replay of everything',
          'POST /api/v1/dead-letters/replay',
          '{"fingerprint":"x","limit":1e9}',
          violation,
        ],
        ['a replay of no letter', `POST /api/v1/dead-letters/${someId}/replay`, '', notFound],
        [
          'an archive of no letter',
          `POST /api/v1/dead-letters/${someId}/archive`,
          '{"reason":"x"}',
          notFound,
        ],
        ['an archive without a reason', `POST /api/v1/dead-letters/${someId}/archive`, '{}', violation],
      ] as const
    ).map(([what, line, body, expected]) =>
      request(what, 'payment', line, expected, { as: 'admin', headers: [json], body }),
    ),
  ];
};

/** What is refused before anybody knows what it is about. */
const framing = (): BadRequest[] => {
  const refused = (
    what: string,
    line: string,
    headers: readonly string[] = [],
    [status, code] = badRequest,
  ) => request(what, 'order', line, [status, code], { headers, beforeRouting: true });
  return [
    refused('a method in small letters', 'post /api/v1/orders'),
    refused('a method nobody knows', 'STEAL /api/v1/orders'),
    refused('a target that is not an address', 'GET http://[bad'),
    refused('a target beyond ASCII', 'GET /api/v1/orders\xff'),
    refused('a negative length', 'POST /api/v1/orders', ['Content-Length: -1']),
    refused('a length that is no number', 'POST /api/v1/orders', ['Content-Length: ten']),
    refused('two lengths', 'POST /api/v1/orders', ['Content-Length: 1', 'Content-Length: 2']),
    refused('a length and chunks', 'POST /api/v1/orders', [
      'Content-Length: 1',
      'Transfer-Encoding: chunked',
    ]),
    refused('a space in the name of a header', 'GET /api/v1/orders', ['X Bad: 1']),
    refused('NUL in a header', 'GET /api/v1/orders', ['X-Bad: a\0b']),
    refused('a lone carriage return in a header', 'GET /api/v1/orders', ['X-Bad: a\rX: b']),
    refused(
      '20,000 characters in a header',
      'GET /api/v1/orders',
      [`Idempotency-Key: ${'k'.repeat(20_000)}`],
      [431, 'headers_too_large'],
    ),
    refused(
      '20,000 characters of path',
      `GET /api/v1/orders/${'x'.repeat(20_000)}`,
      [],
      [431, 'headers_too_large'],
    ),
    refused('an expectation', 'POST /api/v1/orders', ['Expect: miracles'], [417, 'expectation_failed']),
  ];
};

/** The whole corpus, against what is known to be there. */
export const badRequests = (known: Known): BadRequest[] =>
  [placing, callers, addresses, queries, selling, money, framing].flatMap((family) => family(known));
