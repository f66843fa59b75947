// Drives the stack in tests: as a user over HTTP, as an administrator in SQL, and by signals and faults. Waits for observable results
// until a deadline.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { beforeAll } from 'vitest';
import { z } from 'zod';
import { signalContainer, signalInContainer } from '../../scripts/stack/parts/docker.ts';
import type { ServiceName } from '../../scripts/stack/topology.ts';
import { stack } from '../stack/worker-stack.ts';
import { inventoryApi, type productView } from '../../services/inventory/http/api.ts';
import { orderApi, type orderView } from '../../services/order/http/api.ts';
import { paymentApi, type paymentView } from '../../services/payment/http/api.ts';
import { createClient, type Refusal } from '../../services/platform/http/server/client.ts';
import { createConformance } from './conformance.ts';

export { stack };

/** The value of `FAULT_ROUNDS`; 1 by default. Above 1, fault tests repeat their faults, or use more load and longer outages. */
export const { faultRounds } = stack;

/** Repeats `observe` until it returns a result. Throws after `withinMs`, with the last error of `observe` as the cause. */
export async function eventually<T>(
  condition: string,
  observe: () => Promise<T | undefined | false>,
  withinMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let lastError: unknown = 'no error';
  do {
    try {
      const result = await observe();
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      lastError = error;
    }
    await delay(50);
  } while (performance.now() < deadline);
  throw new Error(`timed out waiting until ${condition}`, { cause: lastError });
}

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

const people = {
  user: 'user@orderflow.io',
  user2: 'user2@orderflow.io',
  seller: 'seller@orderflow.io',
  seller2: 'seller2@orderflow.io',
  admin: 'admin@orderflow.io',
} as const;
export type Person = keyof typeof people;
type Part = 'order' | 'inventory' | 'payment' | 'gateway' | 'dashboard' | 'auditor';

const tokens = new Map<Person, Promise<string>>();

const signIn = async (person: Person): Promise<string> => {
  const response = await fetch(`${stack.urls.dashboard}/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: people[person], password: 'orderflow' }),
    signal: AbortSignal.timeout(10_000),
  });
  return z.object({ access_token: z.string() }).parse(await response.json()).access_token;
};

/** A valid access token of a person. */
export const tokenOf = (person: Person): Promise<string> => {
  const known = tokens.get(person);
  if (known !== undefined) return known;
  const token = signIn(person);
  tokens.set(person, token);
  // A failed sign-in is tried again by the next call.
  token.catch(() => tokens.delete(person));
  return token;
};

export interface CallOptions {
  readonly as?: Person;
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends one HTTP request. The default method is POST with a body, and GET without a body. */
export async function call(part: Part, path: string, options: CallOptions = {}): Promise<Answer> {
  const { as, body, headers = {}, method = body === undefined ? 'GET' : 'POST' } = options;
  const response = await fetch(`${stack.urls[part]}${path}`, {
    method,
    headers: {
      ...(as === undefined ? {} : { authorization: `Bearer ${await tokenOf(as)}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(15_000),
  });
  const text = await response.text();
  const { status } = response;
  const contentType = response.headers.get('content-type');
  const parsed: unknown = text === '' ? undefined : contentType?.includes('json') ? JSON.parse(text) : text;
  const conform = await conformanceOf(part);
  const violations = conform({ method, path, status, contentType, body: parsed });
  if (violations.length > 0)
    throw new Error(`the response does not match the OpenAPI document: ${violations.join('; ')}`);
  return { status, headers: response.headers, body: parsed };
}

const loadConformance = async (part: Part): Promise<ReturnType<typeof createConformance>> => {
  const response = await fetch(`${stack.urls[part]}/openapi.json`, { signal: AbortSignal.timeout(10_000) });
  return createConformance(await response.json());
};

const conformances = new Map<Part, Promise<ReturnType<typeof createConformance>>>();

/** Returns the function that compares responses with the OpenAPI document of a process. The document is loaded once. */
export const conformanceOf = (part: Part): Promise<ReturnType<typeof createConformance>> => {
  const known = conformances.get(part) ?? loadConformance(part);
  conformances.set(part, known);
  known.catch(() => conformances.delete(part));
  return known;
};

/** Typed clients of the services. Each sends the token of a person. */
export const orders = (as: Person) =>
  createClient(orderApi, { baseUrl: stack.urls.order, token: () => tokenOf(as) });
export const products = (as: Person) =>
  createClient(inventoryApi, { baseUrl: stack.urls.inventory, token: () => tokenOf(as) });
export const payments = (as: Person) =>
  createClient(paymentApi, { baseUrl: stack.urls.payment, token: () => tokenOf(as) });

/** The body of a response. Throws if the request was refused. */
export function bodyOf<Body>(
  request: string,
  answer: { readonly ok: true; readonly body: Body } | Refusal,
): Body {
  if (answer.ok) return answer.body;
  throw new Error(`${request} was answered ${answer.status}: ${JSON.stringify(answer.problem)}`);
}

export type OrderView = z.infer<typeof orderView>;
export type ProductView = z.infer<typeof productView>;
type PaymentView = z.infer<typeof paymentView>;

/** Creates a product of the seller. Resolves once the order service knows the product. */
export async function newProduct(quantity: number, as: Person = 'seller'): Promise<ProductView> {
  const sku = `SKU-${randomUUID().slice(0, 8)}`;
  const body = { name: `Thing ${sku}`, sku, price: { amountMinor: 1_000, currency: 'EUR' }, quantity };
  const product = bodyOf('creating a product', await products(as).create({ body }));
  await eventually(`the order service knows ${product.id}`, async () => {
    const rows = await query('order', (sql) => sql`select 1 from catalogue where product_id = ${product.id}`);
    return rows.length === 1;
  });
  return product;
}

/** A product for the tests of a file. It exists once `beforeAll` has run. */
export function useProduct(quantity: number): Pick<ProductView, 'id' | 'name' | 'sku'> {
  let created: ProductView | undefined;
  beforeAll(async () => {
    created = await newProduct(quantity);
  });
  const product = (): ProductView => {
    if (!created) throw new Error('the product does not exist before `beforeAll`');
    return created;
  };
  return {
    get id() {
      return product().id;
    },
    get name() {
      return product().name;
    },
    get sku() {
      return product().sku;
    },
  };
}

export const product = async (id: string): Promise<ProductView> =>
  bodyOf(`product ${id}`, await products('admin').read({ params: { id } }));

export interface OrderOptions {
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
  readonly mode?: 'AUTO' | 'MANUAL';
  readonly token?: string;
  readonly as?: Person;
  readonly headers?: Readonly<Record<string, string>>;
}

export const placeRaw = ({
  items,
  mode = 'AUTO',
  token,
  as = 'user',
  headers = {},
}: OrderOptions): Promise<Answer> =>
  call('order', '/api/v1/orders', {
    as,
    headers,
    body: { items, payment: { mode, method: 'card', ...(token === undefined ? {} : { token }) } },
  });

/** Places an order. Resolves to the order in the response, whose status is PENDING. */
export async function place({
  items,
  mode = 'AUTO',
  token,
  as = 'user',
  headers,
}: OrderOptions): Promise<OrderView> {
  const payment = { mode, method: 'card' as const, ...(token === undefined ? {} : { token }) };
  const body = { items: [...items], payment };
  return bodyOf('placing an order', await orders(as).place({ body, ...(headers && { headers }) }));
}

/** Places an order of one unit. */
export const orderOne = (productId: string, options: Omit<OrderOptions, 'items'> = {}): Promise<OrderView> =>
  place({ ...options, items: [{ productId, quantity: 1 }] });

export const order = async (id: string, as: Person = 'admin'): Promise<OrderView> =>
  bodyOf(`order ${id}`, await orders(as).read({ params: { id } }));

/** The number of orders that have a line with the product. */
export async function countOrdersOf(productId: string): Promise<number> {
  const rows = await query(
    'order',
    (sql) => sql`select distinct order_id from order_items where product_id = ${productId}`,
  );
  return rows.length;
}

/** Waits until the order has the status. */
export const orderWith = (id: string, status: string, withinMs = 30_000): Promise<OrderView> =>
  eventually(
    `order ${id} is ${status}`,
    async () => {
      const view = await order(id);
      if (view.status !== status) throw new Error(`the current state is ${JSON.stringify(view)}`);
      return view;
    },
    withinMs,
  );

export const act = (id: string, action: 'cancel' | 'confirm' | 'fulfill', as: Person): Promise<Answer> =>
  call('order', `/api/v1/orders/${id}/${action}`, { as, method: 'POST' });

/** Pays a MANUAL order. */
export const pay = (
  orderId: string,
  { token = 'tok_success', as = 'user', headers = {} }: Omit<Partial<OrderOptions>, 'items' | 'mode'> = {},
): Promise<Answer> => call('payment', `/api/v1/payments/${orderId}/pay`, { as, body: { token }, headers });

const ledgerShape = z.object({
  charges: z.array(
    z.looseObject({ id: z.string(), reference: z.string(), status: z.string(), amountMinor: z.number() }),
  ),
  refunds: z.array(z.looseObject({ chargeId: z.string(), amountMinor: z.number() })),
});

/** The successful charges of an order in the ledger of the payment provider. */
export async function chargesOf(orderId: string): Promise<z.infer<typeof ledgerShape>['charges']> {
  const { body } = await call('gateway', '/v1/ledger?limit=50000');
  return ledgerShape
    .parse(body)
    .charges.filter((charge) => charge.reference === orderId && charge.status === 'succeeded');
}

/** The charges minus the refunds of an order in the ledger of the payment provider, in minor units. */
export async function netChargeOf(orderId: string): Promise<number> {
  const { charges, refunds } = ledgerShape.parse((await call('gateway', '/v1/ledger?limit=50000')).body);
  const successful = charges.filter(
    (charge) => charge.reference === orderId && charge.status === 'succeeded',
  );
  const refunded = refunds.filter((refund) => successful.some((charge) => charge.id === refund.chargeId));
  const sum = (entries: readonly { readonly amountMinor: number }[]): number =>
    entries.reduce((total, { amountMinor }) => total + amountMinor, 0);
  return sum(successful) - sum(refunded);
}

/** The payment of an order. */
export const payment = async (orderId: string): Promise<PaymentView> =>
  bodyOf(`the payment of ${orderId}`, await payments('admin').read({ params: { orderId } }));

/** Waits until the payment has the state. */
export const paymentWith = (orderId: string, state: string): Promise<PaymentView> =>
  eventually(`the payment of ${orderId} is ${state}`, async () => {
    const view = await payment(orderId);
    if (view.state !== state) throw new Error(`the current state is ${JSON.stringify(view)}`);
    return view;
  });

/** The circuit breaker between the payment service and the gateway. */
export const circuit = async () => bodyOf('the circuit', await payments('admin').circuit());

export interface Misbehaviour {
  readonly mode: 'normal' | 'decline' | 'error' | 'slow' | 'hang' | 'charge_then_drop';
  readonly rate?: number;
  readonly latencyMs?: number;
}

/** Runs `work` while the gateway misbehaves, and restores the normal behaviour afterwards. */
export async function whileGateway<T>(behaviour: Misbehaviour, work: () => Promise<T>): Promise<T> {
  const set = async (body: Misbehaviour): Promise<void> => {
    const { status } = await call('gateway', '/v1/behaviour', { method: 'PUT', body });
    if (status !== 200) throw new Error(`the gateway answered ${status}`);
  };
  await set(behaviour);
  try {
    return await work();
  } finally {
    await set({ mode: 'normal' });
  }
}

type Row = Record<string, unknown>;

/** Runs a statement in the database of a service, as the database administrator. */
export async function query<T extends Row = Row>(
  service: ServiceName,
  statement: (sql: postgres.Sql) => postgres.PendingQuery<postgres.Row[]>,
): Promise<T[]> {
  const sql = postgres(stack.databases[service].admin, {
    max: 1,
    connect_timeout: 5,
    onnotice: () => undefined,
  });
  try {
    return z.array(z.custom<T>()).parse(await statement(sql));
  } finally {
    await sql.end({ timeout: 5 });
  }
}

const partShape = z.object({ pid: z.number().optional(), state: z.string(), restarts: z.number() });
const statusShape = z.object({ parts: z.record(z.string(), partShape) });

/** The status of a part, as the supervisor reports it. */
export function part(name: string): z.infer<typeof partShape> {
  const { parts } = statusShape.parse(JSON.parse(readFileSync(join(stack.dataDir, 'stack.json'), 'utf8')));
  const status = parts[name];
  if (!status) throw new Error(`there is no part ${name}`);
  return status;
}

/** Sends a signal to a part of the stack: to its process, or to its container. */
export async function signalPart(name: string, signal: NodeJS.Signals): Promise<void> {
  const { pid } = part(name);
  if (pid === undefined) throw new Error(`${name} is not running`);
  const container = stack.containers[name];
  if (container === undefined) process.kill(pid, signal);
  else await signalContainer(container, signal);
}

/** Sends a signal to one backend process of the PostgreSQL of a service. `pid` is the pid that PostgreSQL reports. */
export async function signalBackend(
  service: ServiceName,
  pid: number,
  signal: NodeJS.Signals,
): Promise<void> {
  const container = stack.containers[`${service}-db`];
  if (container === undefined) process.kill(pid, signal);
  else await signalInContainer(container, pid, signal);
}

/** Ends a part with a signal. Resolves once the supervisor has restarted the part and the part is ready. */
export async function restartBySignal(name: string, signal: NodeJS.Signals): Promise<void> {
  const previous = part(name);
  await signalPart(name, signal);
  await eventually(
    `${name} is ready again`,
    () => {
      const current = part(name);
      return Promise.resolve(current.pid !== previous.pid && current.state === 'ready');
    },
    60_000,
  );
}

/** Kills a part with SIGKILL. Resolves once the part is ready again. */
export const killHard = (name: string): Promise<void> => restartBySignal(name, 'SIGKILL');

/** Arms a fault at a named fault point of a service. */
export async function arm(service: ServiceName, fault: Readonly<Record<string, unknown>>): Promise<void> {
  const headers = { 'x-chaos-token': stack.chaosToken };
  const { status, body } = await call(service, '/chaos/faults', { body: fault, headers });
  if (status !== 200) throw new Error(`arming was answered ${status}: ${JSON.stringify(body)}`);
}

/** Disarms every fault of a service. A crash of the service also disarms its faults. */
export const disarm = (service: ServiceName): Promise<Answer> =>
  call(service, '/chaos/faults', { method: 'DELETE', headers: { 'x-chaos-token': stack.chaosToken } });

/** Runs `count` tasks, at most `concurrency` at the same time. */
export async function inParallel<T>(
  count: number,
  concurrency: number,
  task: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) results[index] = await task(index);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return results;
}
