// Places orders at fixed arrival rates: a request does not wait for earlier answers, and each latency counts from the intended
// start of the request, so a stall counts for every order that it delays. The rate rises until the p99 of placed → PAID exceeds its
// limit or an order is refused; the knee is the last rate before. At half the knee rate, the latency is split by stage and the CPU
// time by part.
import { round } from './latency.ts';
import { onOwnStack, type Say } from './own-stack.ts';
import {
  disconnectShop,
  measureIdle,
  placeAtRate,
  placeByClients,
  prepareShop,
  stepLine,
  warmUpOrders,
  type Step,
} from './orders.ts';
import { readMemory, totalCpu, type CpuTimes } from './processes.ts';
import { readStages, type Stages } from './stages.ts';
import { systemOf } from './system.ts';

interface LoadOptions {
  /** Orders per second, ascending. */
  readonly rates: readonly number[];
  /** Duration of each rate. */
  readonly seconds: number;
  /** Limit for the p99 of placed → PAID, milliseconds. */
  readonly p99AtMost: number;
  /** Number of products; the orders use them in turn. With 1, every order locks the same stock. */
  readonly products: number;
  readonly say: Say;
}

interface LoadReport {
  readonly steps: readonly Step[];
  /** Orders per second; undefined when the first rate already exceeds the limit or has a refused order. */
  readonly knee: number | undefined;
  /** Measured at half the knee rate. */
  readonly half: (Step & { readonly stages: Readonly<Record<keyof Stages, number>> }) | undefined;
  /** CPU milliseconds per second while idle, by part. */
  readonly idle: CpuTimes | undefined;
  /** MiB resident by part, at the end. */
  readonly memory: Readonly<Record<string, number>>;
}

const meanStages = (orders: readonly Stages[]): Record<keyof Stages, number> => {
  const mean = (stage: keyof Stages): number =>
    round(orders.reduce((sum, stages) => sum + stages[stage], 0) / orders.length);
  return {
    request: mean('request'),
    published: mean('published'),
    delivered: mean('delivered'),
    handled: mean('handled'),
    gateway: mean('gateway'),
  };
};

/** Measures on a separate stack. */
export const benchLoad = ({ rates, seconds, p99AtMost, products, say }: LoadOptions): Promise<LoadReport> =>
  onOwnStack(say, {}, async (stack) => {
    const system = systemOf(stack);
    const shop = await prepareShop(system, products);
    try {
      say(`warming up with ${warmUpOrders} orders …`);
      await placeByClients(shop, 8, warmUpOrders);
      say('measuring the idle stack for 30 s …');
      const idle = await measureIdle(system, 30);
      if (idle) say(`idle: ${round(totalCpu(idle) / 10)} % of a core`);
      const steps: Step[] = [];
      for (const rate of rates) {
        const { step } = await placeAtRate(shop, rate, seconds);
        steps.push(step);
        say(stepLine(step));
        if (step.p99 > p99AtMost || Object.keys(step.refused).length > 0) break;
      }
      const passed = steps.filter(
        ({ p99, refused }) => p99 <= p99AtMost && Object.keys(refused).length === 0,
      );
      const knee = passed.at(-1)?.rate;
      if (knee === undefined) return { steps, knee, half: undefined, idle, memory: readMemory(system) };
      say(`the knee is at ${knee} orders/s; half of it for ${seconds * 2} s …`);
      const { step, starts, since } = await placeAtRate(shop, knee / 2, seconds * 2);
      const stages = meanStages(await readStages(shop.sqls, starts, since));
      say(stepLine(step));
      return { steps, knee, half: { ...step, stages }, idle, memory: readMemory(system) };
    } finally {
      await disconnectShop(shop);
    }
  });
