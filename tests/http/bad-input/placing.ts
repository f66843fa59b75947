// Orders that must be refused: wrong products, quantities, payments, content types, and bodies that are not JSON.
import {
  type Fixtures,
  type BadRequest,
  type Bytes,
  type Expected,
  json,
  type Wrong,
  violation,
  unknownProduct,
  malformed,
  deep,
  wrongType,
  tooLarge,
  badRequest,
} from './bad-request.ts';

export const placing = ({ productId }: Fixtures): BadRequest[] => {
  const payment = '{"mode":"AUTO","method":"card"}';
  const orderOf = (id: string, quantity = '1', more = ''): string =>
    `{"items":[{"productId":${id},"quantity":${quantity}${more}}],"payment":${payment}}`;
  const id = JSON.stringify(productId);
  const good = orderOf(id);
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
  const each = (bodies: readonly Wrong[], expected: Expected): BadRequest[] =>
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
      Object.entries(wrongIds).map(([label, value]): Wrong => [label, orderOf(value)]),
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
      Object.entries(wrongPayments).map(([label, wrong]): Wrong => [
        `payment: ${label}`,
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
    ].map(([label, key]) => post(String(label), good, badRequest, [json, `Idempotency-Key: ${key}`])),
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
