// What tracing costs, as a ratio of orders per second within one run: blocks without telemetry and blocks with a sampler and an
// exporter alternate on one stack, in the order off on on off, so that what drifts meets both. The stack is one of its own,
// because the three services are started anew for each block, with other settings; the collector that takes the spans runs
// on the same machine and does nothing but count them. An order counts when it is PAID, so all hops are in the figure.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import postgres from 'postgres';
import type { Stack } from '../stack/boot.ts';
import { until } from '../stack/supervise/deadline.ts';
import { serviceNames } from '../stack/topology.ts';
import { onOwnStack, type StackEnvironment } from './own-stack.ts';
import { call, newProduct, signIn, withId } from './shop.ts';

export interface TracingLoad {
  /** How often off, on, on, off is gone through. */
  readonly rounds: number;
  /** Orders of a block that count, after a fifth as many that warm up the new processes. */
  readonly orders: number;
  readonly clients: number;
  /** Share of the traces that are sampled. */
  readonly ratio: number;
  readonly say: (line: string) => void;
}

export interface TracingBlock {
  readonly tracing: boolean;
  readonly ordersPerSecond: number;
  readonly spans: number;
}

export interface TracingReport {
  readonly sampled: number;
  readonly blocks: readonly TracingBlock[];
  /** Means over the blocks, orders per second. */
  readonly off: number;
  readonly on: number;
  /** on : off; 1 when tracing costs nothing. */
  readonly ratio: number;
}

const paidWithinMs = 120_000;

const startCounting = async (): Promise<{ server: Server; url: string; spans: () => number }> => {
  let spans = 0;
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      spans += body.split('"endTimeUnixNano"').length - 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${String(port)}`, spans: () => spans };
};

/** Stops the services gently; the supervisor starts them again, with what the environment says by then. */
const restartServices = async (stack: Stack): Promise<void> => {
  const before = stack.status().parts;
  for (const name of serviceNames) {
    const pid = before[name]?.pid;
    if (pid !== undefined) process.kill(pid, 'SIGTERM');
  }
  await until({ what: 'the services to be started again', withinMs: 90_000 }, () => {
    const now = stack.status().parts;
    return Promise.resolve(
      serviceNames.every((name) => now[name]?.state === 'ready' && now[name].pid !== before[name]?.pid),
    );
  });
};

/** Places orders with so many clients and waits until all are PAID; the rate from the first request to the last commit. */
const measure = async (
  { urls }: Stack,
  sql: postgres.Sql,
  productId: string,
  token: string,
  count: number,
  clients: number,
): Promise<number> => {
  const began = Date.now();
  const ids: string[] = [];
  let left = count;
  const client = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const body = { items: [{ productId, quantity: 1 }], payment: { mode: 'AUTO', method: 'card' } };
      ids.push(withId.parse(await call(`${urls.order}/api/v1/orders`, token, 'POST', body)).id);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const last = await until(
    { what: 'all orders to be PAID', withinMs: paidWithinMs, everyMs: 200 },
    async () => {
      const [row] = await sql<{ paid: number; last: number }[]>`
      select count(*)::int as paid, (extract(epoch from max(pg_xact_commit_timestamp(xmin))) * 1000)::float8 as last
      from orders where status = 'PAID' and id = any (${ids}::uuid[])`;
      return row?.paid === count && row.last;
    },
  );
  return count / ((last - began) / 1_000);
};

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Measures on a stack of its own. */
export const benchTracing = async ({
  rounds,
  orders,
  clients,
  ratio: sampled,
  say,
}: TracingLoad): Promise<TracingReport> => {
  const collector = await startCounting();
  const env: StackEnvironment = {};
  const measureBlocks = async (stack: Stack): Promise<TracingReport> => {
    const sql = postgres(stack.databaseUrl('order', 'auditor'), { max: 1, connect_timeout: 5 });
    try {
      const [seller, customer] = await Promise.all([
        signIn('seller@orderflow.io', stack.urls.dashboard),
        signIn('user@orderflow.io', stack.urls.dashboard),
      ]);
      const blocks: TracingBlock[] = [];
      const order = Array.from({ length: rounds }, () => [false, true, true, false]).flat();
      const productId = await newProduct(seller, order.length * orders * 2, stack.urls.inventory);
      await until({ what: 'the order service to know the product', withinMs: 30_000 }, async () => {
        return (await sql`select 1 from catalogue where product_id = ${productId}`).length === 1;
      });
      for (const tracing of order) {
        // What the next instances of the services are started with.
        Object.assign(env, {
          OTEL_EXPORTER_OTLP_ENDPOINT: tracing ? collector.url : undefined,
          OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
          OTEL_TRACES_SAMPLER_ARG: String(sampled),
        });
        await restartServices(stack);
        await measure(stack, sql, productId, customer, Math.ceil(orders / 5), clients);
        const before = collector.spans();
        const ordersPerSecond = await measure(stack, sql, productId, customer, orders, clients);
        const block = { tracing, ordersPerSecond, spans: collector.spans() - before };
        blocks.push(block);
        say(`${tracing ? 'on ' : 'off'}  ${ordersPerSecond.toFixed(1)} orders/s, ${block.spans} spans taken`);
      }
      const of = (tracing: boolean): number =>
        mean(blocks.filter((block) => block.tracing === tracing).map((block) => block.ordersPerSecond));
      const [off, on] = [of(false), of(true)];
      return { sampled, blocks, off, on, ratio: on / off };
    } finally {
      await sql.end({ timeout: 5 });
    }
  };
  try {
    return await onOwnStack(say, env, measureBlocks);
  } finally {
    collector.server.closeAllConnections();
    collector.server.close();
  }
};
