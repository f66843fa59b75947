// This system beside its alternatives, in one run on one machine with the same orders: an earlier version of itself (in turns, so
// that what changes on the machine meets both), a polling relay in the place of Debezium, the same transactions without a
// pipeline, and a plain Kafka message.
import type { Stack } from '../../stack/boot.ts';
import { measureHop, measurePaid } from '../events.ts';
import { measureNoPipeline } from '../in-process/no-pipeline.ts';
import type { Latency } from '../latency.ts';
import { closeShop, measureIdle, openShop, placeByClients } from '../orders.ts';
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
  /** Orders of each measurement of throughput. */
  readonly orders: number;
  readonly say: Say;
}

export interface SystemFigures {
  readonly system: string;
  /** Commit → published and commit → consumed at 10 events/s; empty where the outbox does not keep its rows. */
  readonly hop: readonly Latency[];
  /** At 1 order/s. */
  readonly placedToPaid: Latency;
  /** Of 8 clients who place one order after the other, until the last one is PAID. */
  readonly ordersPerSecond: number;
  /** CPU milliseconds an order at that rate, by part. */
  readonly cpu: CpuTimes | undefined;
  /** CPU milliseconds a second at rest, by part. */
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
  keepsOutbox = true,
): Promise<SystemFigures> => {
  const shop = await openShop(system);
  try {
    say(`${name}: warming up`);
    await placeByClients(shop, clients, Math.ceil(orders / 4));
    const hop = keepsOutbox ? await measureHop(system, hopRate, hopSeconds) : [];
    const placedToPaid = await measurePaid(system, singleOrders);
    const { ordersPerSecond, cpu } = await placeByClients(shop, clients, orders);
    const idle = await measureIdle(system, idleSeconds);
    say(
      `${name}: ${ordersPerSecond} orders/s, placed → PAID p50 ${placedToPaid.p50} ms` +
        (cpu ? `, ${totalCpu(cpu)} CPU ms an order` : ''),
    );
    return { system: name, hop, placedToPaid, ordersPerSecond, cpu, idle, memory: readMemory(system) };
  } finally {
    await closeShop(shop);
  }
};

/** The lines of the boot are left out: there are many stacks. */
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
    return await withOwnStack(async (stack) => {
      const system = systemOf(stack);
      systems.push(await measureSystem('this version', system, options));
      const plainKafka = await measurePlainKafka(stack.urls.kafka, hopRate, hopSeconds);
      say(`plain Kafka: p50 ${plainKafka.p50} ms`);
      // The products are announced by an event, so they are made before the connectors are paused.
      const shop = await openShop(system);
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
        await closeShop(shop);
      }
    });
  } finally {
    earlier.remove();
  }
};
