// What tracing costs, as a ratio of orders per second within one run: blocks without telemetry and blocks with a sampler and an
// exporter alternate on one stack, in the order off on on off, so that what drifts meets both. The stack is one of its own,
// because the three services are started anew for each block, with other settings; the collector that takes the spans runs
// on the same machine and does nothing but count them. An order counts when it is PAID, so all hops are in the figure.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Stack } from '../stack/boot.ts';
import { until } from '../stack/supervise/deadline.ts';
import { serviceNames } from '../stack/topology.ts';
import { onOwnStack, type StackEnvironment } from './own-stack.ts';
import { closeShop, openShop, placeByClients } from './orders.ts';
import { systemOf } from './system.ts';

interface TracingLoad {
  /** How often off, on, on, off is gone through. */
  readonly rounds: number;
  /** Orders of a block that count, after a fifth as many that warm up the new processes. */
  readonly orders: number;
  readonly clients: number;
  /** Share of the traces that are sampled. */
  readonly ratio: number;
  readonly say: (line: string) => void;
}

interface TracingBlock {
  readonly tracing: boolean;
  readonly ordersPerSecond: number;
  readonly spans: number;
}

interface TracingReport {
  readonly sampled: number;
  readonly blocks: readonly TracingBlock[];
  /** Means over the blocks, orders per second. */
  readonly off: number;
  readonly on: number;
  /** on : off; 1 when tracing costs nothing. */
  readonly ratio: number;
}

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
    const shop = await openShop(systemOf(stack));
    try {
      const blocks: TracingBlock[] = [];
      const order = Array.from({ length: rounds }, () => [false, true, true, false]).flat();
      for (const tracing of order) {
        // What the next instances of the services are started with.
        Object.assign(env, {
          OTEL_EXPORTER_OTLP_ENDPOINT: tracing ? collector.url : undefined,
          OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
          OTEL_TRACES_SAMPLER_ARG: String(sampled),
        });
        await restartServices(stack);
        await placeByClients(shop, clients, Math.ceil(orders / 5));
        const before = collector.spans();
        const { ordersPerSecond } = await placeByClients(shop, clients, orders);
        const block = { tracing, ordersPerSecond, spans: collector.spans() - before };
        blocks.push(block);
        say(`${tracing ? 'on ' : 'off'}  ${ordersPerSecond.toFixed(1)} orders/s, ${block.spans} spans taken`);
      }
      const of = (tracing: boolean): number =>
        mean(blocks.filter((block) => block.tracing === tracing).map((block) => block.ordersPerSecond));
      const [off, on] = [of(false), of(true)];
      return { sampled, blocks, off, on, ratio: on / off };
    } finally {
      await closeShop(shop);
    }
  };
  try {
    return await onOwnStack(say, env, measureBlocks);
  } finally {
    collector.server.closeAllConnections();
    collector.server.close();
  }
};
