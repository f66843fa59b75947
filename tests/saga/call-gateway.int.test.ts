// The job that calls the gateway, on a real database, with a payment provider that refuses, fails or is busy.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { Writable } from 'node:stream';
import { asc, eq, sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { transactions } from '../../drizzle/payment/schema.ts';
import { testContext, useTestShell } from '../support/database.ts';
import { eventually } from '../support/shop.ts';
import { handle, unclaimed } from '../../services/platform/transaction/handle.ts';
import { createLogger } from '../../services/platform/process/logger.ts';
import type { Timer } from '../../services/platform/process/timer.ts';
import { startGatewayCalls } from '../../services/payment/jobs/call-gateway.ts';
import type { PaymentInput } from '../../services/payment/domain/decide.ts';
import { createGatewayClient } from '../../services/payment/jobs/gateway-client.ts';
import { createGateway, type Gateway, type Resilience } from '../../services/payment/jobs/gateway.ts';
import { findPayment, paymentHandler } from '../../services/payment/store.ts';
import { leaseDue, postpone } from '../../services/payment/transaction-leases.ts';

const logged: string[] = [];
const logger = createLogger({
  service: 'test',
  level: 'warn',
  stream: new Writable({
    write: (line, _encoding, done) => {
      logged.push(String(line));
      done();
    },
  }),
});
const { shell } = useTestShell('payment', ['payment.succeeded', 'payment.failed', 'payment.refunded']);
let server: Server;
let gateway: Gateway;
let timer: Timer | undefined;
/** The number of times that the job has polled for due requests. */
let polls = 0;

/** The requests that the provider received, and its next responses. The last response is repeated. */
let requests: string[] = [];
let answers: (readonly [number, object])[] = [];
/** Runs before each response of the provider. */
let beforeAnswer: () => Promise<void> = async () => undefined;

beforeAll(async () => {
  server = createServer((request: IncomingMessage, response) => {
    requests.push(`${request.method ?? ''} ${request.url?.split('?')[0] ?? ''}`);
    const [status, body] = answers[Math.min(requests.length, answers.length) - 1] ?? [500, {}];
    void beforeAnswer().then(() => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.close();
});

const resilience = { timeoutMs: 1_000, retries: 0, retryMaxMs: 10, failures: 3, halfOpenAfterMs: 60_000 };
const createTestGateway = (changes: Partial<Resilience> = {}): Gateway => {
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return createGateway(
    createGatewayClient(`http://127.0.0.1:${port}`),
    { ...resilience, ...changes },
    logger,
  );
};
beforeEach(() => {
  requests = [];
  answers = [];
  beforeAnswer = async () => undefined;
  logged.length = 0;
  gateway = createTestGateway();
  polls = 0;
});
afterEach(async () => {
  await timer?.stop();
  timer = undefined;
  await shell.db.delete(transactions);
});
const startCalls = (changes?: Partial<Resilience>): void => {
  if (changes) gateway = createTestGateway(changes);
  timer = startGatewayCalls({
    shell,
    gateway: {
      ...gateway,
      admits: () => {
        polls += 1;
        return gateway.admits();
      },
    },
    logger,
    leaseMs: 10_000,
    callMs: resilience.timeoutMs,
    backoff: { initialMs: 20, maxMs: 40 },
    refusedRetryMs: 3_600_000,
    pollMs: 20,
    concurrency: 4,
  });
};

const submit = (input: PaymentInput) =>
  handle(shell, paymentHandler, { id: randomUUID(), context: testContext, at: input.at, input }, unclaimed);
const amount = { amountMinor: 4_200, currency: 'EUR' };
/** Creates an order whose charge is due. */
const newDueCharge = async (): Promise<string> => {
  const orderId = randomUUID();
  const at = new Date();
  const payment = { mode: 'AUTO', method: 'card', token: null } as const;
  const created = { orderId, customerId: 'c', items: [], total: amount, payment };
  await submit({ type: 'order.created', data: created, at });
  await submit({ type: 'inventory.reserved', data: { orderId, items: [], expiresAt: at }, at });
  return orderId;
};
const cancel = (orderId: string) =>
  submit({
    type: 'order.cancelled',
    data: { orderId, customerId: 'c', reason: 'customer_cancelled' },
    at: new Date(),
  });
const rowsOf = (orderId: string) =>
  shell.db
    .select()
    .from(transactions)
    .where(eq(transactions.orderId, orderId))
    .orderBy(asc(transactions.createdAt));
const waitForState = (orderId: string, kind: string, state: string) =>
  eventually(`the ${kind} is ${state}`, async () => {
    const row = (await rowsOf(orderId)).find((candidate) => candidate.kind === kind);
    return row?.state === state && row;
  });

const chargedResponse = [201, { id: 'ch_1' }] as const;
const failedResponse = [500, { code: 'provider_error' }] as const;
const busyResponse = [409, { code: 'request_in_progress' }] as const;
const noChargeResponse = [200, { data: [] }] as const;

describe('after the cancellation of its order, a charge', () => {
  it('with an unknown outcome is looked up until the provider knows the outcome, and abandoned if the provider has no charge', async () => {
    answers = [failedResponse, busyResponse, noChargeResponse];
    const orderId = await newDueCharge();
    const [leased] = await leaseDue(shell.db, { limit: 1, leaseMs: 1 });
    if (!leased) throw new Error('nothing was due');
    await gateway.charge(
      { idempotencyKey: leased.row.idempotencyKey, amount, token: null, reference: orderId, ...testContext },
      async () => true,
    );
    await postpone(shell.db, leased.row, { error: 'lost', retryInMs: 0 });
    await cancel(orderId);
    startCalls();
    await waitForState(orderId, 'charge', 'abandoned');
    expect(requests).toEqual(['POST /v1/charges', 'GET /v1/charges', 'GET /v1/charges']);
    const found = await findPayment(shell.db, orderId);
    expect(found?.payment).toMatchObject({ charge: 'failed', failureCode: 'not_attempted', refund: 'none' });
  });

  it('with an unknown outcome is refunded if the provider has made the charge', async () => {
    answers = [
      [200, { data: [{ status: 'succeeded', id: 'ch_7' }] }],
      [201, { id: 're_1' }],
    ];
    const orderId = await newDueCharge();
    await shell.db
      .update(transactions)
      .set({ state: 'unknown', attempts: 1 })
      .where(eq(transactions.orderId, orderId));
    await cancel(orderId);
    startCalls();
    await waitForState(orderId, 'refund', 'succeeded');
    expect(requests).toEqual(['GET /v1/charges', 'POST /v1/charges/ch_7/refunds']);
  });

  it('is not requested if it was not requested before the cancellation', async () => {
    const orderId = await newDueCharge();
    await cancel(orderId);
    startCalls();
    await waitForState(orderId, 'charge', 'abandoned');
    expect(requests).toEqual([]);
  });
});

describe('a refused refund', () => {
  it('stays open, is logged as an error, and is due again an hour later', async () => {
    answers = [chargedResponse, [409, { code: 'refund_exceeds_charge' }]];
    const orderId = await newDueCharge();
    startCalls();
    await waitForState(orderId, 'charge', 'succeeded');
    await cancel(orderId);
    timer?.wake();
    const refund = await waitForState(orderId, 'refund', 'unknown');
    expect(refund.lastError).toBe('the gateway refused the refund: refund_exceeds_charge');
    expect(refund.dueAt.getTime()).toBeGreaterThan(Date.now() + 3_000_000);
    expect(logged.filter((line) => line.includes('"level":"error"'))).toHaveLength(1);
    expect(gateway.circuit()).toMatchObject({ state: 'closed', declines: 1, unknown: 0 });
    expect(requests).toHaveLength(2);
  });
});

describe('a call that is retried within one lease', () => {
  it('counts as two attempts', async () => {
    answers = [failedResponse, chargedResponse];
    const orderId = await newDueCharge();
    startCalls({ retries: 1 });
    await waitForState(orderId, 'charge', 'succeeded');
    expect(requests).toEqual(['POST /v1/charges', 'POST /v1/charges']);
    const [row] = await rowsOf(orderId);
    expect(row?.attempts).toBe(2);
  });
});

describe('an open circuit', () => {
  it('leaves due requests unchanged: it sends none, counts no attempt and stores no error', async () => {
    answers = [failedResponse];
    const first = await newDueCharge();
    startCalls();
    await eventually('the circuit opens', async () => gateway.circuit().state === 'open');
    const requestsBefore = requests.length;
    const orders = await Promise.all([newDueCharge(), newDueCharge(), newDueCharge()]);
    timer?.wake();
    const pollsBefore = polls;
    await eventually('the job has polled again', async () => polls > pollsBefore + 3);
    for (const orderId of orders) {
      expect(await rowsOf(orderId)).toMatchObject([{ state: 'due', attempts: 0, lastError: null }]);
    }
    expect(await rowsOf(first)).toMatchObject([{ state: 'unknown', attempts: resilience.failures }]);
    expect(requests).toHaveLength(requestsBefore);
  });
});

describe('an instance that has lost its lease', () => {
  it('starts no further call', async () => {
    answers = [failedResponse, chargedResponse];
    const orderId = await newDueCharge();
    beforeAnswer = async () => {
      // Simulates that another instance leases the request. It is one statement, so that the job cannot poll in between.
      await shell.db.update(transactions).set({
        dueAt: sql`clock_timestamp() + interval '60 s'`,
        attempts: sql`${transactions.attempts} + 1`,
      });
    };
    startCalls({ retries: 1 });
    await eventually('the call is given up', async () =>
      logged.some((line) => line.includes('the lease has ended')),
    );
    expect(requests).toEqual(['POST /v1/charges']);
    expect(await rowsOf(orderId)).toMatchObject([{ state: 'due', attempts: 2, lastError: null }]);
  });
  it('does not change a request that another instance has leased', async () => {
    const orderId = await newDueCharge();
    const [stalled] = await leaseDue(shell.db, { limit: 1, leaseMs: 1 });
    const secondLease = await eventually('the lease ends', async () => {
      const [leased] = await leaseDue(shell.db, { limit: 1, leaseMs: 60_000 });
      return leased;
    });
    if (!stalled) throw new Error('nothing was due');
    await postpone(shell.db, stalled.row, { error: 'late', retryInMs: 0 });
    const [row] = await rowsOf(orderId);
    expect(row).toMatchObject({ state: 'due', attempts: secondLease.row.attempts, lastError: null });
    expect(
      await shell.db.$count(transactions, sql`${transactions.dueAt} > clock_timestamp() + interval '30 s'`),
    ).toBe(1);
  });
});
