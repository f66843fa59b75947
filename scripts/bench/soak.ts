// Places orders at a fixed rate for a long time, to see whether memory or latency grows.
import { disconnectShop, placeAtRate, prepareShop, signInAgain, stepLine, type Step } from './orders.ts';
import { onOwnStack, type Say } from './own-stack.ts';
import { readMemory } from './processes.ts';
import { systemOf } from './system.ts';

interface SoakOptions {
  /** Orders per second. */
  readonly rate: number;
  readonly minutes: number;
  readonly say: Say;
}

interface SoakReport {
  /** One step per minute. */
  readonly steps: readonly Step[];
  /** MiB resident by part: after the first minute, after half of the time and at the end. */
  readonly memory: readonly {
    readonly part: string;
    readonly first: number;
    readonly half: number;
    readonly last: number;
  }[];
}

/** Measures on a separate stack. */
export const benchSoak = ({ rate, minutes, say }: SoakOptions): Promise<SoakReport> =>
  onOwnStack(say, {}, async (stack) => {
    const system = systemOf(stack);
    let shop = await prepareShop(system);
    try {
      const steps: Step[] = [];
      const memory: Readonly<Record<string, number>>[] = [];
      for (let minute = 1; minute <= minutes; minute += 1) {
        shop = await signInAgain(shop);
        const { step } = await placeAtRate(shop, rate, 60);
        steps.push(step);
        memory.push(readMemory(system));
        say(`minute ${minute}: ${stepLine(step)}`);
      }
      const at = (minute: number, part: string): number => memory[minute]?.[part] ?? NaN;
      return {
        steps,
        memory: Object.keys(memory.at(-1) ?? {}).map((part) => ({
          part,
          first: at(0, part),
          half: at(Math.ceil(minutes / 2) - 1, part),
          last: at(minutes - 1, part),
        })),
      };
    } finally {
      await disconnectShop(shop);
    }
  });
