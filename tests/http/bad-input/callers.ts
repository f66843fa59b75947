// Requests that must be refused because of the caller (missing, forged or insufficient credentials) or the target (wrong paths,
// methods or queries).
import { encodeCursor } from '../../../services/platform/http/request/cursor.ts';
import {
  type Fixtures,
  type BadRequest,
  request,
  unauthenticated,
  forbidden,
  json,
  notFound,
  badRequest,
  someId,
  wrongMethod,
  violation,
} from './bad-request.ts';

export const badCallers = ({ orderId, productId, adminToken, forgedToken }: Fixtures): BadRequest[] => {
  const headerWithoutAlgorithm = Buffer.from('{"alg":"none"}').toString('base64url');
  const headerWithPathAsKeyId = Buffer.from('{"alg":"EdDSA","kid":"../../../dev/null"}').toString(
    'base64url',
  );
  const payload = Buffer.from('{"sub":"user-admin-001","roles":["ADMIN"]}').toString('base64url');
  const with401 = [
    ['no credentials', []],
    ['an empty scheme', ['Authorization: ']],
    ['a scheme without a token', ['Authorization: Bearer']],
    ['a token that is not a JWT', ['Authorization: Bearer admin']],
    ['a basic login', ['Authorization: Basic YWRtaW46YWRtaW4=']],
    ['an unsigned token', [`Authorization: Bearer ${headerWithoutAlgorithm}.${payload}.`]],
    ['a key id that is a path', [`Authorization: Bearer ${headerWithPathAsKeyId}.${payload}.AAAA`]],
    ['a forged signature', [`Authorization: Bearer ${forgedToken}`]],
    ['8,000 characters as token', [`Authorization: Bearer ${'a'.repeat(8_000)}`]],
    ['non-ASCII bytes as token', ['Authorization: Bearer \xff\xfe']],
    ['a valid token in the wrong header', [`X-Authorization: Bearer ${adminToken}`]],
    ['a valid token in a cookie', [`Cookie: access_token=${adminToken}`]],
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
    ...with401.map(([label, headers]) =>
      request(`a caller with ${label}`, 'order', 'GET /api/v1/orders', unauthenticated, { headers }),
    ),
    ...with403.map(([part, line, as]) =>
      request(`${line} as ${as}`, part, line, forbidden, { as, headers: [json], body: '{}' }),
    ),
    ...with404.map(([part, line, as]) =>
      request(`${line} for the data of another user`, part, line, notFound, { as }),
    ),
    ...(['order', 'inventory', 'payment'] as const).flatMap((part) => [
      request('disarming faults without the chaos token', part, 'DELETE /chaos/faults', badRequest),
      request('disarming faults with a wrong chaos token', part, 'DELETE /chaos/faults', forbidden, {
        headers: ['X-Chaos-Token: x'],
      }),
    ]),
  ];
};

export const badTargets = ({ orderId, productId }: Fixtures): BadRequest[] => {
  const order = `/api/v1/orders/${orderId}`;
  const unknownTargets = [
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
  const unknownProductIds = [
    'a%00b',
    '%e2%80%ae',
    '%20',
    'x'.repeat(101),
    "'%20or%20''='",
    '..%2f..%2fx',
    '%f0%9f%9b%92',
  ];
  return [
    ...unknownTargets.map((target) =>
      request(`at ${target.slice(0, 60)}`, 'order', `GET ${target}`, notFound, { as: 'user' }),
    ),
    ...unknownProductIds.map((id) =>
      request(
        `a product with the id ${id.slice(0, 40)}`,
        'inventory',
        `GET /api/v1/products/${id}`,
        notFound,
        {
          as: 'user',
        },
      ),
    ),
    ...['DELETE', 'PUT', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'].map((method) =>
      request(`${method} of the orders`, 'order', `${method} /api/v1/orders`, wrongMethod, { as: 'user' }),
    ),
    request('POST of one order', 'order', `POST ${order}`, wrongMethod, { as: 'user' }),
    request('DELETE of a product', 'inventory', `DELETE /api/v1/products/${productId}`, wrongMethod, {
      as: 'seller',
    }),
    request('GET of the login path', 'dashboard', 'GET /auth/token?email=a&password=b', wrongMethod),
    request('POST to a read-only path', 'payment', 'POST /api/v1/gateway', wrongMethod, { as: 'admin' }),
  ];
};

export const badQueries = ({ orderId, productId }: Fixtures): BadRequest[] => {
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
    ...['cursor=nonsense', 'cursor=', `cursor=${'x'.repeat(2_001)}`, `cursor=a&cursor=b`].map(list),
    list(cursor(productId)),
    list(cursor('newest', '2026-01-01T00:00:00.000Z', '17')),
    list(cursor('newest', '0000-01-01T00:00:00.000Z', someId)),
    list(cursor('newest', "2026-01-01T00:00:00.000Z'; --", someId)),
    list(cursor('newest', '2026-01-01T00:00:00.000Z', `${someId}'; --`)),
    list(cursor('oldest', '2026-01-01T00:00:00.000Z', someId)),
    list(raw({ ['__proto__']: [] })),
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
      request(
        `events with the Last-Event-ID ${last}`,
        'order',
        `GET /api/v1/orders/${orderId}/events`,
        badRequest,
        {
          as: 'user',
          headers: [`Last-Event-ID: ${last}`],
        },
      ),
    ),
  ];
};
