// The audit log of the running services: it records accepted and refused actions with their correlation id, loses no entry when a
// service is killed, and its verification detects changed rows.
import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ServiceName } from '../../scripts/stack/topology.ts';
import { expectAuditLogIntact } from '../support/invariants.ts';
import {
  arm,
  call,
  disarm,
  eventually,
  killHard,
  orderOne,
  orderWith,
  pay,
  place,
  placeRaw,
  query,
  stack,
  useProduct,
} from '../support/shop.ts';

const testProduct = useProduct(1_000);
afterEach(() => disarm('order'));

const entryShape = z.looseObject({
  position: z.number().nullable(),
  subject: z.string(),
  resource: z.string().nullable(),
  outcome: z.string(),
  correlationId: z.string(),
});
type Entry = z.infer<typeof entryShape>;
const pageShape = z.object({ data: z.array(entryShape), nextCursor: z.string().nullable() });

const verificationShape = z.object({
  status: z.string(),
  firstBroken: z.object({ position: z.number(), sentence: z.string() }).nullable(),
});

/** The entries of a correlation id among the newest hundred, oldest first. */
const entriesOf = async (service: ServiceName, correlationId: string): Promise<Entry[]> => {
  const { status, body } = await call(service, '/api/v1/audit?limit=100', { as: 'admin' });
  expect(status).toBe(200);
  const { data } = pageShape.parse(body);
  return data.filter((entry) => entry.correlationId === correlationId).reverse();
};
const sealedEntriesOf = (service: ServiceName, correlationId: string): Promise<Entry[]> =>
  eventually(`the entries of ${correlationId} are sealed`, async () => {
    const entries = await entriesOf(service, correlationId);
    return entries.length > 0 && entries.every(({ position }) => position !== null) && entries;
  });
const newCorrelation = () => {
  const correlationId = randomUUID();
  return { correlationId, headers: { 'x-correlation-id': correlationId } };
};

describe('the audit log', () => {
  it('records the actions on an order: placement, refused actions of other people, cancellation, repeated cancellation', async () => {
    const { correlationId, headers } = newCorrelation();
    const items = [{ productId: testProduct.id, quantity: 1 }];
    const key = { 'idempotency-key': randomUUID() };
    const { id } = await place({ items, mode: 'MANUAL', headers: { ...headers, ...key } });
    await place({ items, mode: 'MANUAL', headers: { ...headers, ...key } });
    const act = (action: string, as: 'user' | 'user2' | 'seller' | 'admin') =>
      call('order', `/api/v1/orders/${id}/${action}`, { as, method: 'POST', headers });
    const statuses = [];
    for (const [action, as] of [
      ['cancel', 'user2'],
      ['cancel', 'seller'],
      ['fulfill', 'seller'],
      ['cancel', 'user'],
      ['cancel', 'user'],
    ] as const)
      statuses.push((await act(action, as)).status);
    expect(statuses).toEqual([404, 403, 409, 200, 200]);
    await placeRaw({ items: [{ productId: 'ghost', quantity: 1 }], headers });
    await call('order', `/api/v1/orders/${id}`, { as: 'user', headers });

    const entries = await sealedEntriesOf('order', correlationId);
    expect(entries.map(({ subject, resource, outcome, code }) => [subject, resource, outcome, code])).toEqual(
      [
        ['user-customer-001', id, 'accepted', null],
        ['user-customer-002', id, 'refused', 'not_found'],
        ['user-seller-001', id, 'refused', 'forbidden'],
        ['user-seller-001', id, 'refused', 'illegal_transition'],
        ['user-customer-001', id, 'accepted', null],
        ['user-customer-001', id, 'ignored', expect.any(String)],
        ['user-customer-001', null, 'refused', 'unknown_product'],
      ],
    );
  });

  it('is written by every service for its own actions', async () => {
    const { correlationId, headers } = newCorrelation();
    const body = { quantity: 5 };
    const restock = (as: 'seller' | 'seller2') =>
      call('inventory', `/api/v1/products/${testProduct.id}/restock`, { as, body, headers });
    expect([(await restock('seller')).status, (await restock('seller2')).status]).toEqual([200, 404]);
    expect(await sealedEntriesOf('inventory', correlationId)).toMatchObject([
      { subject: 'user-seller-001', resource: testProduct.id, outcome: 'accepted' },
      { subject: 'user-seller-002', resource: testProduct.id, outcome: 'refused', status: 404 },
    ]);

    const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
    await orderWith(id, 'CONFIRMED');
    expect((await pay(id, { token: '4111111111111111', headers })).status).toBe(422);
    expect(
      (
        await eventually('the order can be paid', async () => {
          const answer = await pay(id, { headers });
          // The response is 404 or 409 until the payment service knows the order and its reservation.
          return answer.status !== 404 && answer.status !== 409 && answer;
        })
      ).status,
    ).toBeLessThan(300);
    const entries = await sealedEntriesOf('payment', correlationId);
    expect(entries[0]).toMatchObject({ resource: id, outcome: 'refused', code: 'schema_violation' });
    expect(entries.at(-1)).toMatchObject({ resource: id, outcome: 'accepted' });
    // The entries contain neither request bodies nor personal data.
    const text = JSON.stringify(await query('payment', (sql) => sql`select * from audit_log`));
    expect(text).not.toMatch(/tok_|4111[ -]?1111|eyJ|@orderflow/);
  });

  it.each(['order', 'inventory', 'payment'] as const)(
    'of the %s service is readable by administrators only',
    async (part) => {
      for (const path of ['/api/v1/audit', '/api/v1/audit/verification']) {
        expect((await call(part, path)).status).toBe(401);
        expect((await call(part, path, { as: 'user' })).status).toBe(403);
        expect((await call(part, path, { as: 'seller' })).status).toBe(403);
      }
      await expectAuditLogIntact(part);
    },
  );

  it('loses no entry when the service is killed between the commit and the seal of the entry', async () => {
    const admin = postgres(stack.databases.order.admin, { max: 1, onnotice: () => undefined });
    const { correlationId, headers } = newCorrelation();
    try {
      // An open transaction prevents the sealing of later entries.
      await admin.begin(async (tx) => {
        await tx`select pg_current_xact_id()`;
        await orderOne(testProduct.id, { mode: 'MANUAL', headers });
        expect(await entriesOf('order', correlationId)).toMatchObject([{ position: null }]);
        await killHard('order');
        expect(await entriesOf('order', correlationId)).toMatchObject([{ position: null }]);
      });
    } finally {
      await admin.end();
    }
    expect(await sealedEntriesOf('order', correlationId)).toHaveLength(1);
    await expectAuditLogIntact('order');
  });

  it('has no entry for an action if the service crashed before the commit', async () => {
    const { correlationId, headers } = newCorrelation();
    await arm('order', { point: 'after-effects', action: 'crash', actor: 'user-customer-001' });
    const placing = placeRaw({
      items: [{ productId: testProduct.id, quantity: 1 }],
      mode: 'MANUAL',
      headers,
    });
    await expect(placing).rejects.toThrow();
    await eventually(
      'the order service is ready again',
      async () => (await call('order', '/health/ready')).status === 200,
    );
    expect(
      await query('order', (sql) => sql`select 1 from outbox where correlation_id = ${correlationId}`),
    ).toEqual([]);
    expect(await entriesOf('order', correlationId)).toEqual([]);
    await expectAuditLogIntact('order');
  });

  it('names the position of an entry that the database owner changed, deleted or swapped', async () => {
    const { correlationId, headers } = newCorrelation();
    for (let index = 0; index < 3; index += 1)
      await placeRaw({ items: [{ productId: 'ghost', quantity: 1 }], headers });
    const positions = (await sealedEntriesOf('order', correlationId)).map(({ position }) => position ?? 0);
    const [first = 0, second = 0, third = 0] = positions;
    expect(positions).toHaveLength(3);

    const owner = postgres(stack.databases.order.owner, { max: 1, onnotice: () => undefined });
    const sealed = (position: number) =>
      owner`(select entry_id from audit_seals where position = ${position})`;
    const swap = () =>
      owner.begin(async (tx) => {
        const before =
          await tx`select entry_id from audit_seals where position in (${first}, ${third}) order by position`;
        const [one, other] = before.map((row) => Number(row['entry_id']));
        await tx`update audit_seals set entry_id = -1 where position = ${first}`;
        await tx`update audit_seals set entry_id = ${one ?? 0} where position = ${third}`;
        await tx`update audit_seals set entry_id = ${other ?? 0} where position = ${first}`;
      });
    /** Tampers with the log and verifies it. Then undoes the change, because later tests verify the same log. */
    const expectDetected = async (
      position: number,
      tamper: () => Promise<unknown>,
      undo: () => Promise<unknown>,
    ) => {
      await tamper();
      try {
        const { body } = await call('order', '/api/v1/audit/verification', { as: 'admin' });
        const { status, firstBroken } = verificationShape.parse(body);
        expect([status, firstBroken?.position]).toEqual(['broken', position]);
        expect(firstBroken?.sentence).toContain(`position ${position}`);
      } finally {
        await undo();
      }
      await expectAuditLogIntact('order');
    };
    try {
      await expectDetected(
        second,
        () => owner`update audit_log set subject = 'nobody' where id = ${sealed(second)}`,
        () => owner`update audit_log set subject = 'user-customer-001' where id = ${sealed(second)}`,
      );
      await expectDetected(first, swap, swap);
      await owner`create temporary table gone as select * from audit_log where id = ${sealed(second)}`;
      await expectDetected(
        second,
        () => owner`delete from audit_log where id = ${sealed(second)}`,
        () => owner`insert into audit_log overriding system value select * from gone`,
      );
    } finally {
      await owner.end();
    }
  });
});
