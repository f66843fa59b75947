// Compares this version with four alternatives, on one machine and with the same orders: an earlier version, a polling relay in
// place of Debezium, the same transactions without a pipeline, and plain Kafka messages. The rounds of the two versions alternate,
// so that a change in the speed of the machine affects both.
import type { Stack } from '../../stack/boot.ts';
import { measureHop, measurePaid } from '../events.ts';
import { measureNoPipeline } from '../in-process/no-pipeline.ts';
import type { Latency } from '../latency.ts';
import { disconnectShop, measureIdle, placeByClients, prepareShop, warmUpOrders } from '../orders.ts';
import { onOwnStack, type Say } from '../own-stack.ts';
import { readMemory, totalCpu, type CpuTimes } from '../processes.ts';
import { systemOf, type System } from '../system.ts';
import { checkOut, onEarlierVersion } from './earlier.ts';
import { measurePlainKafka } from './plain-kafka.ts';
import { withPoller } from './poller.ts';

interface PeersOptions {
  /** The earlier version to compare with. */
  readonly commit: string;
  readonly rounds: number;
  /** Number of orders per throughput measurement. */
  readonly orders: number;
  readonly say: Say;
}

export interface SystemFigures {
  readonly system: string;
  /** Commit → published and commit → consumed at 10 events/s; empty when the relay deletes the outbox rows. */
  readonly hop: readonly Latency[];
  /** Measured at 1 order/s. */
  readonly placedToPaid: Latency;
  /** Throughput of 8 clients that each place one order at a time, until the last order is PAID. */
  readonly ordersPerSecond: number;
  /** CPU milliseconds per order during the throughput measurement, by part. */
  readonly cpu: CpuTimes | undefined;
  /** CPU milliseconds per second while idle, by part. */
  readonly idle: CpuTimes | undefined;
  /** MiB resident by part. */
  readonly memory: Readonly<Record<string, number>>;
}

export interface PeersReport {
  readonly measuredAt: string;
  readonly systems: readonly SystemFigures[];
  /** Orders per second without a pipeline. */
  readonly noPipeline: number;
  /** Produce → consume at 10 messages/s. */
  readonly plainKafka: Latency;
}

const clients = 8;
const hopRate = 10;
const hopSeconds = 15;
const singleOrders = 20;
const idleSeconds = 15;

const measureSystem = async (
  name: string,
  system: System,
  { orders, say }: PeersOptions,
  outboxRowsRemain = true,
): Promise<SystemFigures> => {
  const shop = await prepareShop(system);
  try {
    say(`${name}: warming up with ${warmUpOrders} orders`);
    await placeByClients(shop, clients, warmUpOrders);
    const hop = outboxRowsRemain ? await measureHop(system, hopRate, hopSeconds) : [];
    const placedToPaid = await measurePaid(system, singleOrders);
    const { ordersPerSecond, cpu } = await placeByClients(shop, clients, orders);
    const idle = await measureIdle(system, idleSeconds);
    say(
      `${name}: ${ordersPerSecond} orders/s, placed → PAID p50 ${placedToPaid.p50} ms` +
        (cpu ? `, ${totalCpu(cpu)} CPU ms per order` : ''),
    );
    return { system: name, hop, placedToPaid, ordersPerSecond, cpu, idle, memory: readMemory(system) };
  } finally {
    await disconnectShop(shop);
  }
};

/** Hides the boot messages of the many stacks. */
const quiet: Say = () => undefined;

const withOwnStack = <T>(measure: (stack: Stack) => Promise<T>): Promise<T> => onOwnStack(quiet, {}, measure);

export const benchPeers = async (options: PeersOptions): Promise<PeersReport> => {
  const { commit, rounds, orders, say } = options;
  const earlier = checkOut(commit);
  try {
    const systems: SystemFigures[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const isLast = round === rounds;
      systems.push(await onEarlierVersion(earlier, say, (system) => measureSystem(commit, system, options)));
      if (isLast) break;
      systems.push(await withOwnStack((stack) => measureSystem('this version', systemOf(stack), options)));
    }
    // The stack of the last round also serves the other measurements.
    return await withOwnStack(async (stack) => {
      const system = systemOf(stack);
      systems.push(await measureSystem('this version', system, options));
      const plainKafka = await measurePlainKafka(stack.urls.kafka, hopRate, hopSeconds);
      say(`plain Kafka: p50 ${plainKafka.p50} ms`);
      // The products are created first: the poller pauses the connectors and leaves them paused, and the event of a new product
      // needs a connector.
      const shop = await prepareShop(system);
      try {
        const polling = await withPoller(stack, system, (polled) =>
          measureSystem('polling relay', polled, options, false),
        );
        const noPipeline = await measureNoPipeline(stack, shop.productIds, clients, orders);
        say(`without a pipeline: ${noPipeline} orders/s`);
        return {
          measuredAt: new Date().toISOString(),
          systems: [...systems, polling],
          noPipeline,
          plainKafka,
        };
      } finally {
        await disconnectShop(shop);
      }
    });
  } finally {
    earlier.remove();
  }
};
