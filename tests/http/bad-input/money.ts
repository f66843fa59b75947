// Payments, charges, refunds, changes of the gateway behaviour, logins and commands on dead letters that must be refused.
import {
  type Fixtures,
  type BadRequest,
  type Expected,
  request,
  json,
  violation,
  notFound,
  someId,
  badRequest,
  wrongType,
} from './bad-request.ts';

export const badPayments = ({ orderId }: Fixtures): BadRequest[] => {
  const pay = (
    label: string,
    body: string,
    expected: Expected,
    id = orderId,
    headers: readonly string[] = [],
  ) =>
    request(`paying ${label}`, 'payment', `POST /api/v1/payments/${id}/pay`, expected, {
      as: 'user',
      headers: [json, ...headers],
      body,
    });
  const repair = (label: string, body: string, expected: Expected, id = orderId): BadRequest =>
    request(`a repair with ${label}`, 'payment', `POST /api/v1/payments/${id}/repair`, expected, {
      as: 'admin',
      headers: [json],
      body,
    });
  const charge = { amountMinor: 1, currency: 'EUR', reference: 'bad-input' };
  const charging = (
    label: string,
    change: object,
    expected: Expected = violation,
    key = 'bad-input',
  ): BadRequest =>
    request(`a charge with ${label}`, 'gateway', 'POST /v1/charges', expected, {
      headers: [json, `Idempotency-Key: ${key}`],
      body: JSON.stringify({ ...charge, ...change }),
    });
  const missingKey: Expected = [400, 'idempotency_key_missing'];
  const behaviour = (label: string, body: object): BadRequest =>
    request(`a behaviour with ${label}`, 'gateway', 'PUT /v1/behaviour', violation, {
      headers: [json],
      body: JSON.stringify(body),
    });
  const login = (label: string, body: string, expected: Expected): BadRequest =>
    request(`a login with ${label}`, 'dashboard', 'POST /auth/token', expected, { headers: [json], body });
  const wrongCredentials: Expected = [401, 'wrong_credentials'];
  return [
    pay('without a token', '{}', violation),
    pay('with a card number', '{"token":"4111111111111111"}', violation),
    pay('with half a surrogate pair', '{"token":"tok_\\ud800"}', violation),
    pay('with an amount', '{"token":"tok_success","amountMinor":1}', violation),
    pay('for an order that does not exist', '{"token":"tok_success"}', notFound, someId),
    pay('for an order id that is not a UUID', '{"token":"tok_success"}', notFound, 'x'),
    pay('under a key with a space', '{"token":"tok_success"}', badRequest, orderId, ['Idempotency-Key: a b']),
    repair('no reason', '{}', violation),
    repair('a blank reason', '{"reason":" "}', violation),
    repair('a line break in its reason', '{"reason":"a\\n{\\"level\\":\\"error\\"}"}', violation),
    repair('a reason of 501 characters', `{"reason":"${'r'.repeat(501)}"}`, violation),
    repair('half a surrogate pair', '{"reason":"\\udfff"}', violation),
    repair('a reason, for an order that does not exist', '{"reason":"why not"}', notFound, someId),
    charging('no idempotency key', {}, missingKey, ''),
    charging('an idempotency key with a space', {}, missingKey, 'a b'),
    charging('an idempotency key of 256 characters', {}, missingKey, 'k'.repeat(256)),
    charging('an amount of zero', { amountMinor: 0 }),
    charging('a negative amount', { amountMinor: -1 }),
    charging('half a cent', { amountMinor: 0.5 }),
    charging('an amount above the maximum', { amountMinor: 1e13 }),
    charging('an amount as text', { amountMinor: '1' }),
    charging('a currency in small letters', { currency: 'eur' }),
    charging('an empty reference', { reference: '' }),
    charging('NUL in the reference', { reference: 'a\u0000b' }),
    charging('half a surrogate pair in the reference', { reference: '\udc00' }),
    charging('a reference of 256 characters', { reference: 'r'.repeat(256) }),
    charging('a line break in the token', { token: 'tok_success\n{}' }),
    charging('a card number', { cardNumber: '4111111111111111' }),
    request('a refund of an unknown charge', 'gateway', 'POST /v1/charges/ghost/refunds', notFound, {
      headers: [json, 'Idempotency-Key: bad-input'],
      body: '{"amountMinor":1}',
    }),
    request('a look-up without a key', 'gateway', 'GET /v1/charges', violation),
    request(
      'a look-up with two keys',
      'gateway',
      'GET /v1/charges?idempotencyKey=a&idempotencyKey=b',
      violation,
    ),
    behaviour('an unknown mode', { mode: 'kind' }),
    behaviour('a rate of two', { mode: 'error', rate: 2 }),
    behaviour('a negative rate', { mode: 'error', rate: -0.1 }),
    behaviour('a latency above the maximum', { mode: 'slow', latencyMs: 1e9 }),
    behaviour('a seed above 32 bits', { mode: 'error', seed: 1e20 }),
    behaviour('an unknown member named `constructor`', { mode: 'normal', constructor: {} }),
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
    login('an unknown e-mail', '{"email":"__proto__","password":"orderflow"}', wrongCredentials),
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
          'a replay of a fingerprint with half a surrogate pair',
          'POST /api/v1/dead-letters/replay',
          '{"fingerprint":"\\ud800"}',
          violation,
        ],
        [
          'a replay with a limit that is too high',
          'POST /api/v1/dead-letters/replay',
          '{"fingerprint":"x","limit":1e9}',
          violation,
        ],
        ['a replay of an unknown dead letter', `POST /api/v1/dead-letters/${someId}/replay`, '', notFound],
        [
          'archiving an unknown dead letter',
          `POST /api/v1/dead-letters/${someId}/archive`,
          '{"reason":"x"}',
          notFound,
        ],
        ['archiving without a reason', `POST /api/v1/dead-letters/${someId}/archive`, '{}', violation],
      ] as const
    ).map(([label, line, body, expected]) =>
      request(label, 'payment', line, expected, { as: 'admin', headers: [json], body }),
    ),
  ];
};
