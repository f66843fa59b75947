// Orders at fixed rates of arrival, whatever the system makes of them: an arrival does not wait for the answers before it, and each
// latency counts from the intended start, so that a stall is seen by every order that it delays. The rate rises until the p99 of
// placed → PAID is above its bound; the last rate below it is the knee. At half of the knee the time is split by stage and the
// CPU by part.
import { round } from './latency.ts';
import { onOwnStack, type Say } from './own-stack.ts';
import { closeShop, measureIdle, openShop, placeAtRate, stepLine, type Step } from './orders.ts';
import { readMemory, totalCpu, type CpuTimes } from './processes.ts';
import { readStages, type Stages } from './stages.ts';
import { systemOf } from './system.ts';

interface LoadOptions {
  /** Orders per second, ascending. */
  readonly rates: readonly number[];
  /** Of each rate. */
  readonly seconds: number;
  /** Bound of the p99 of placed → PAID, milliseconds. */
  readonly p99AtMost: number;
  readonly say: Say;
}

interface LoadReport {
  readonly steps: readonly Step[];
  /** Orders per second; undefined when already the first rate is above the bound. */
  readonly knee: number | undefined;
  /** At half of the knee. */
  readonly half: (Step & { readonly stages: Readonly<Record<keyof Stages, number>> }) | undefined;
  /** CPU milliseconds per second of a stack at rest, by part. */
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

/** Measures on a stack of its own. */
export const benchLoad = ({ rates, seconds, p99AtMost, say }: LoadOptions): Promise<LoadReport> =>
  onOwnStack(say, {}, async (stack) => {
    const system = systemOf(stack);
    const shop = await openShop(system);
    try {
      say('warming up for 20 s at 5 orders/s …');
      await placeAtRate(shop, 5, 20);
      say('measuring the stack at rest for 30 s …');
      const idle = await measureIdle(system, 30);
      if (idle) say(`at rest: ${round(totalCpu(idle) / 10)} % of a core`);
      const steps: Step[] = [];
      for (const rate of rates) {
        const { step } = await placeAtRate(shop, rate, seconds);
        steps.push(step);
        say(stepLine(step));
        if (step.p99 > p99AtMost || Object.keys(step.refused).length > 0) break;
      }
      const held = steps.filter(({ p99, refused }) => p99 <= p99AtMost && Object.keys(refused).length === 0);
      const knee = held.at(-1)?.rate;
      if (knee === undefined) return { steps, knee, half: undefined, idle, memory: readMemory(system) };
      say(`the knee is at ${knee} orders/s; half of it for ${seconds * 2} s …`);
      const { step, starts, since } = await placeAtRate(shop, knee / 2, seconds * 2);
      const stages = meanStages(await readStages(shop.sqls, starts, since));
      say(stepLine(step));
      return { steps, knee, half: { ...step, stages }, idle, memory: readMemory(system) };
    } finally {
      await closeShop(shop);
    }
  });
