// The deliberate bugs of `npm run test:mutations`: each removes one safeguard and names the tests that must fail.

interface Mutation {
  readonly bug: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Arguments of `npm test`. */
  readonly tests: readonly string[];
}

const unit = ['--project', 'unit'];

export const mutations: readonly Mutation[] = [
  {
    bug: 'a duplicate of an event is handled again',
    file: 'services/platform/transaction/inbox.ts',
    from: '.count === 1) return { taken: true };',
    to: '.count <= 1) return { taken: true };',
    tests: ['handle.int'],
  },
  {
    bug: 'every later event of a consumer counts as a duplicate',
    file: 'services/platform/transaction/inbox.ts',
    from: 'const row = { ...delivery, processedAt: now',
    to: "const row = { ...delivery, eventId: '00000000-0000-4000-8000-000000000000', processedAt: now",
    tests: ['handle.int'],
  },
  {
    bug: 'statements that were sent together with a failed BEGIN are committed',
    file: 'services/platform/database/database.ts',
    from: 'default_transaction_read_only: true',
    to: 'default_transaction_read_only: false',
    tests: ['transaction.int'],
  },
  {
    bug: 'the values of a prepared statement go to the columns of the first row',
    file: 'services/platform/database/prepared.ts',
    from: 'names.map((name) => valueOf(name, row[name]))',
    to: 'Object.entries(row).map(([name, value]) => valueOf(name, value))',
    tests: ['prepared-statements.int'],
  },
  {
    bug: 'no lock on the stock rows',
    file: 'services/inventory/store.ts',
    from: ".orderBy(asc(inventory.productId))\n    .for('update');",
    to: '.orderBy(asc(inventory.productId));',
    tests: ['reservation-handler.int'],
  },
  {
    bug: 'the outbox rows are inserted outside of the transaction',
    file: 'services/platform/transaction/handle.ts',
    from: 'outboxRows(tx, codec, events, message);',
    to:
      'await db.transaction(async (other) => {\n        const rows = outboxRows(other, codec, events, message);\n' +
      '        for (const statement of rows.statements) await statement.execute();\n' +
      '        return { ...rows, statements: [] };\n      });',
    tests: ['handle.int'],
  },
  {
    bug: 'an older version of a product overwrites a newer one',
    file: 'services/order/store.ts',
    from: 'data.version > version ?',
    to: 'data.version !== version ?',
    tests: [...unit, 'services/order/catalogue'],
  },
  {
    bug: 'the failure of a statement sent with COMMIT is ignored',
    file: 'services/platform/database/transaction.ts',
    from:
      "if (errors.length > 0) throw rootCauseOf(errors);\n    if (command !== 'COMMIT') throw new DependencyUnavailable('the transaction " +
      "was rolled back');\n",
    to: '',
    tests: ['transaction.int'],
  },
  {
    bug: 'ROLLBACK is sent while the driver repeats a statement',
    file: 'services/platform/database/transaction.ts',
    from: "await allAnswered();\n      await orLoss(send('rollback'));",
    to: "await orLoss(send('rollback'));",
    tests: ['prepared-statements.int'],
  },
  {
    bug: 'no lock on a row that does not exist yet',
    file: 'services/platform/database/lock-row.ts',
    from: 'tx.execute(name).execute()',
    to: 'undefined',
    tests: ['reservation-handler.int'],
  },
  {
    bug: 'a failed input fails the other inputs of its transaction',
    file: 'services/platform/transaction/shared-transaction.ts',
    from: 'await Promise.all(next.map(runAlone));',
    to: "for (const { settle } of next) settle(Promise.reject(new Error('not committed')));",
    tests: ['shared-transaction.int'],
  },
  {
    bug: 'inputs of one key share a transaction',
    file: 'services/platform/transaction/shared-transaction.ts',
    from: 'if (!first.has(input.work.key)) first.set(input.work.key, input);',
    to: 'first.set(`${input.work.key} ${String(first.size)}`, input);',
    tests: ['shared-transaction.int'],
  },
  {
    bug: 'inputs that share a transaction lock stock rows in any sequence',
    file: 'services/inventory/store.ts',
    from: ".orderBy(asc(inventory.productId))\n      .for('update'),",
    to: ',',
    tests: ['reservation-handler.int'],
  },
  {
    bug: 'the offset passes a record that is still being processed',
    file: 'services/platform/messaging/assignment.ts',
    from: 'for (const record of records) positionOf(record).begin(record.offset);',
    to: 'const last = records.at(-1);\n      if (last) positionOf(last).begin(last.offset);',
    tests: [...unit, 'assignment.test'],
  },
  {
    bug: 'the offset is committed before the transaction',
    file: 'services/platform/messaging/consumer.ts',
    from: 'const result = await heartbeating(context.heartbeat, () => attempt(record, delivery, attempts));',
    to: "void attempt(record, delivery, attempts).catch(() => undefined);\n        const result = 'handled' as string;",
    tests: ['consumer.int'],
  },
  {
    bug: 'a record overtakes a waiting record of its key',
    file: 'services/platform/messaging/consumer.ts',
    from: 'if (!waiting.has(record.key) && (await attempts.next(context)))',
    to: 'if (await attempts.next(context))',
    tests: ['consumer.int'],
  },
  {
    bug: 'the committed offset passes a waiting record',
    file: 'services/platform/messaging/assignment.ts',
    from: '    if (!waiting) {\n',
    to: '    if (waiting) finish();\n    if (!waiting) {\n',
    tests: ['consumer.int', 'assignment.test'],
  },
  {
    bug: 'charge without an idempotency key',
    file: 'services/payment/jobs/gateway-client.ts',
    from: "'idempotency-key': idempotencyKey",
    to: "'idempotency-key': crypto.randomUUID()",
    tests: ['gateway-client', 'compensation'],
  },
  {
    bug: 'Idempotency-Key of a client is not stored',
    file: 'services/platform/transaction/idempotency.ts',
    from: 'settle: async (tx, decision) => {',
    to: 'settle: async (tx, decision) => {\n      if (decision.kind.length > 0) return [];',
    tests: ['idempotency.e2e'],
  },
  {
    bug: 'PAID although the stock is not pinned',
    file: 'services/order/domain/order.ts',
    from: "order.payment.state === 'succeeded' && isPinned(order)",
    to: "order.payment.state === 'succeeded'",
    tests: [...unit, 'order/domain', 'saga-model'],
  },
  {
    bug: 'the expiry of reservations releases pinned reservations',
    file: 'services/inventory/domain/reservation.ts',
    from: "if (reservation?.state !== 'reserved') return ignored(`reservation_${reservation?.state ?? 'missing'}`);\n      const due = reservation.expiresAt !== null &&",
    to: "if (reservation?.state !== 'reserved' && reservation?.state !== 'pinned') return ignored('no');\n      const due = reservation.expiresAt === null ||",
    tests: [...unit, 'inventory/domain', 'saga-model'],
  },
  {
    bug: 'no refund for a cancelled order',
    file: 'services/payment/domain/decide.ts',
    from: "if (closedBy === null || charge !== 'succeeded'",
    to: "if (closedBy !== null || charge !== 'succeeded'",
    tests: [...unit, 'payment/domain', 'saga-model'],
  },
  {
    bug: 'no tombstone when order.cancelled arrives before order.created',
    file: 'services/inventory/domain/reservation.ts',
    from: 'return accepted({ reservation: tombstone, stockChanges: [] });',
    to: "return tombstone.items.length > 0 ? accepted({ reservation: tombstone, stockChanges: [] }) : ignored('nothing_reserved');",
    tests: [...unit, 'inventory/domain', 'saga-model'],
  },
  {
    bug: 'quantities of one product in several lines are not added',
    file: 'services/inventory/domain/reservation.ts',
    from: '(sums.get(productId) ?? 0) + quantity',
    to: 'quantity',
    tests: [...unit, 'inventory/domain'],
  },
  {
    bug: 'a declined charge is retried',
    file: 'services/payment/jobs/gateway-client.ts',
    from: 'new Set([400, 402, 403, 404, 422])',
    to: 'new Set([400, 403, 404])',
    tests: [...unit, 'gateway-client'],
  },
  {
    bug: 'the gateway is called without the lease',
    file: 'services/payment/jobs/call-gateway.ts',
    from: 'if (attempts === undefined) return false;',
    to: 'if (attempts === undefined) return true;',
    tests: ['call-gateway'],
  },
  {
    bug: 'events decoded with the schema of their writer',
    file: 'services/platform/event-codec/event-codec.ts',
    from: 'reader.fromBuffer(body, resolver)',
    to: 'writer.fromBuffer(body)',
    tests: [...unit, 'event-codec'],
  },
  {
    bug: 'host name of the database server is not verified',
    file: 'services/platform/process/security/database-security.ts',
    from: "mode === 'verify-full' ?",
    to: "mode !== 'verify-full' ?",
    tests: ['secure-connections'],
  },
  {
    bug: 'client certificates are requested but not verified',
    file: 'services/platform/http/server/serve.ts',
    from: 'requestCert: true, rejectUnauthorized: true',
    to: 'requestCert: true, rejectUnauthorized: false',
    tests: [...unit, 'secure-http'],
  },
];
