// Orders that must be refused: wrong products, quantities, payments, content types, and bodies that are not JSON.
import {
  type Fixtures,
  type BadRequest,
  type Bytes,
  type Expected,
  json,
  type WrongBody,
  violation,
  unknownProduct,
  malformed,
  nested,
  wrongType,
  tooLarge,
  badRequest,
} from './bad-request.ts';

export const badOrders = ({ productId }: Fixtures): BadRequest[] => {
  const payment = '{"mode":"AUTO","method":"card"}';
  const orderOf = (id: string, quantity = '1', more = ''): string =>
    `{"items":[{"productId":${id},"quantity":${quantity}${more}}],"payment":${payment}}`;
  const id = JSON.stringify(productId);
  const validOrder = orderOf(id);
  const post = (label: string, body: Bytes, [status, code]: Expected, headers = [json]): BadRequest => ({
    label: `an order with ${label}`,
    part: 'order',
    line: 'POST /api/v1/orders',
    as: 'user',
    headers,
    body,
    status,
    code,
  });
  const requestsFor = (bodies: readonly WrongBody[], expected: Expected): BadRequest[] =>
    bodies.map(([label, body]) => post(label, body, expected));

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
    'a reversed surrogate pair': '"\\ude00\\ud83d"',
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
  const malformedNumbers = [
    'NaN',
    'Infinity',
    '-Infinity',
    '0x10',
    '01',
    '1_000',
    '+1',
    '.5',
    '1.',
    'undefined',
  ];
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
    'a card number next to the token': '{"mode":"AUTO","method":"card","cardNumber":"4111111111111111"}',
  };
  const withKey = (key: string): string => `${validOrder.slice(0, -1)},${key}}`;
  const bytes = (...parts: readonly (string | readonly number[])[]): Buffer =>
    Buffer.concat(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([...part]))),
    );
  const withBytesInProductId = (...wrong: readonly number[]): Buffer =>
    bytes('{"items":[{"productId":"a', wrong, `","quantity":1}],"payment":${payment}}`);

  return [
    ...requestsFor(
      wrongItems.map((items): WrongBody => [`items ${items}`, `{"items":${items},"payment":${payment}}`]),
      violation,
    ),
    ...requestsFor(
      Object.entries(wrongIds).map(([label, value]): WrongBody => [label, orderOf(value)]),
      violation,
    ),
    ...requestsFor(
      strangeIds.map((text): WrongBody => [`the product ${text}`, orderOf(JSON.stringify(text))]),
      unknownProduct,
    ),
    ...requestsFor(
      wrongQuantities.map((quantity): WrongBody => [`a quantity of ${quantity}`, orderOf(id, quantity)]),
      violation,
    ),
    ...requestsFor(
      malformedNumbers.map((text): WrongBody => [`the malformed quantity ${text}`, orderOf(id, text)]),
      malformed,
    ),
    ...requestsFor(
      Object.entries(wrongPayments).map(([label, wrong]): WrongBody => [
        `payment: ${label}`,
        `{"items":[{"productId":${id},"quantity":1}],"payment":${wrong}}`,
      ]),
      violation,
    ),
    ...requestsFor(
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
        ['10,000 nested lists', nested('[', ']')],
        ['10,000 nested objects', `${'{"items":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
        ['10,000 lists as items', `{"items":${nested('[', ']')},"payment":${payment}}`],
        ['10,000 lists in an unknown field', withKey(`"more":${nested('[', ']')}`)],
        ['null as body', 'null'],
        ['a list as body', '[]'],
        ['text as body', '"order"'],
        ['a number as body', '0'],
      ],
      violation,
    ),
    ...requestsFor(
      [
        ['an unfinished body', validOrder.slice(0, -1)],
        ['10,000 lists that are never closed', '['.repeat(10_000)],
        ['a trailing comma', `${validOrder.slice(0, -1)},}`],
        ['a character after its end', `${validOrder}x`],
        ['a second body', validOrder + validOrder],
        ['a comment', `/* */${validOrder}`],
        ['single quotes', validOrder.replaceAll('"', "'")],
        ['NUL after its end', `${validOrder}\0`],
        ['an unescaped line break in a text', orderOf('"a\nb"')],
        ['only spaces', '   '],
        ['UTF-16', Buffer.from(`\ufeff${validOrder}`, 'utf16le')],
        ['an overlong encoding', withBytesInProductId(0xc0, 0xaf)],
        ['a single continuation byte', withBytesInProductId(0x80)],
        ['a surrogate in UTF-8', withBytesInProductId(0xed, 0xa0, 0x80)],
        ['an incomplete character', withBytesInProductId(0xf0, 0x9f, 0x9b)],
        ['bytes above the Unicode range', withBytesInProductId(0xf5, 0x80, 0x80, 0x80)],
        ['latin1', withBytesInProductId(0xe9)],
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
    ].map((type) => post(`the type ${type}`, validOrder, wrongType, [`Content-Type: ${type}`])),
    ...['gzip', 'br', 'deflate', 'gzip, gzip', 'x-unknown'].map((coding) =>
      post(`the coding ${coding}`, validOrder, wrongType, [json, `Content-Encoding: ${coding}`]),
    ),
    post('no type', validOrder, wrongType, []),
    post('more than a mebibyte', `"${'x'.repeat(1_048_576)}"`, tooLarge),
    post('a chunked body without the required fields', '7\r\n{"a":1}\r\n0\r\n\r\n', violation, [
      json,
      'Transfer-Encoding: chunked',
    ]),
    post('a Content-Length above the limit', validOrder, tooLarge, [json, 'Content-Length: 99999999999']),
    ...[
      ['an empty key', ''],
      ['a key with a space', 'a b'],
      ['a key of 256 characters', 'k'.repeat(256)],
      ['a key of 8,000 characters', 'k'.repeat(8_000)],
      ['a key with a non-ASCII character', 'schl\xfcssel'],
      ['a tab in the key', 'a\tb'],
      ['a quote inside the key', 'a"b'],
      ['an empty quoted key', '""'],
    ].map(([label, key]) => post(String(label), validOrder, badRequest, [json, `Idempotency-Key: ${key}`])),
    post('two keys', validOrder, badRequest, [json, 'Idempotency-Key: one', 'Idempotency-Key: two']),
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
    ].map((line) =>
      post(`an empty object and the header ${line.slice(0, 40)}`, '{}', violation, [json, line]),
    ),
  ];
};
