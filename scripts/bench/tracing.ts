// Measures the cost of tracing as the throughput with tracing divided by the throughput without, in one run on one stack. Blocks
// without telemetry and blocks with a sampler and an exporter alternate in the sequence off, on, on, off, so that drift affects
// both equally. The measurement needs a separate stack, because the three services are restarted with other settings for each
// block. The collector runs on the same machine and only counts the spans. An order counts once it is PAID, so the throughput
// includes all hops.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Stack } from '../stack/boot.ts';
import { until } from '../stack/supervise/deadline.ts';
import { serviceNames } from '../stack/topology.ts';
import { onOwnStack, type StackEnvironment } from './own-stack.ts';
import { disconnectShop, prepareShop, placeByClients } from './orders.ts';
import { systemOf } from './system.ts';

interface TracingLoad {
  /** Repetitions of the sequence off, on, on, off. */
  readonly rounds: number;
  /** Measured orders per block; a fifth as many warm up the new processes first. */
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
  /** on ÷ off; 1 when tracing costs nothing. */
  readonly throughputRatio: number;
}

const startCollector = async (): Promise<{ server: Server; url: string; spans: () => number }> => {
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

/** Sends SIGTERM to the services; the supervisor restarts them with the current environment. */
const restartServices = async (stack: Stack): Promise<void> => {
  const before = stack.status().parts;
  for (const name of serviceNames) {
    const pid = before[name]?.pid;
    if (pid !== undefined) process.kill(pid, 'SIGTERM');
  }
  await until({ what: 'the services to be restarted (see their logs)', withinMs: 90_000 }, () => {
    const now = stack.status().parts;
    return Promise.resolve(
      serviceNames.every((name) => now[name]?.state === 'ready' && now[name].pid !== before[name]?.pid),
    );
  });
};

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export const benchTracing = async ({
  rounds,
  orders,
  clients,
  ratio: sampled,
  say,
}: TracingLoad): Promise<TracingReport> => {
  const collector = await startCollector();
  const env: StackEnvironment = {};
  const measureBlocks = async (stack: Stack): Promise<TracingReport> => {
    const shop = await prepareShop(systemOf(stack));
    try {
      const blocks: TracingBlock[] = [];
      const sequence = Array.from({ length: rounds }, () => [false, true, true, false]).flat();
      for (const tracing of sequence) {
        // The settings of the services after their next restart.
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
        say(
          `${tracing ? 'on ' : 'off'}  ${ordersPerSecond.toFixed(1)} orders/s, ${block.spans} spans received`,
        );
      }
      const throughput = (tracing: boolean): number =>
        mean(blocks.filter((block) => block.tracing === tracing).map((block) => block.ordersPerSecond));
      const [off, on] = [throughput(false), throughput(true)];
      return { sampled, blocks, off, on, throughputRatio: on / off };
    } finally {
      await disconnectShop(shop);
    }
  };
  try {
    return await onOwnStack(say, env, measureBlocks);
  } finally {
    collector.server.closeAllConnections();
    collector.server.close();
  }
};
