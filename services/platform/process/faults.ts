// Fault injection at the critical points: between inbox row and commit, between commit and offset commit, between a remote response
// and its storage. Killing the process from outside hits these points only by chance.
// Without CHAOS_ENABLED=1, a service has no fault points and no route to arm faults.
import { z } from '@hono/zod-openapi';
import { refuseToStart, setting, type Config } from './settings/config.ts';
import type { Logger } from './logger.ts';
import { pause } from './retry.ts';

const faultPoints = [
  'before-handling',
  'after-claim',
  'after-effects',
  'after-commit',
  'after-remote-answer',
] as const;
type FaultPoint = (typeof faultPoints)[number];

export const faultSchema = z
  .strictObject({
    point: z.enum(faultPoints),
    /**
     * `crash` kills the process with SIGKILL; `delay` waits for `delayMs`; `repeat` handles the record a second time after its
     * commit, and has an effect only at `before-handling`.
     */
    action: z.enum(['crash', 'delay', 'repeat']),
    /** How often the fault takes effect before it is removed. */
    times: z.int().min(1).max(100_000).default(1),
    delayMs: z.int().min(0).max(60_000).default(0),
    /** When set, only inputs of this actor are affected, such as `event:order.created`. */
    actor: z.string().max(100).optional(),
  })
  .openapi('Fault');
type Fault = z.infer<typeof faultSchema>;

export interface Faults {
  /** Called at each fault point. Resolves to true when the record must be handled a second time. */
  reach(point: FaultPoint, actor: string): Promise<boolean>;
  arm(fault: Fault): void;
  disarm(): void;
  armed(): readonly Fault[];
}

/** At first no fault is armed. `crash` ends the process; tests replace it. */
export function createFaults(logger: Logger, crash: () => void = killSelf): Faults {
  let faults: Fault[] = [];
  return {
    reach: async (point, actor) => {
      const fault = faults.find(
        (candidate) =>
          candidate.point === point && (candidate.actor === undefined || candidate.actor === actor),
      );
      if (!fault) return false;
      faults = faults.flatMap((other) => {
        if (other !== fault) return [other];
        return other.times > 1 ? [{ ...other, times: other.times - 1 }] : [];
      });
      logger.warn('a fault takes effect', { ...fault, inputActor: actor });
      if (fault.action === 'crash') crash();
      await pause(fault.delayMs, new AbortController().signal);
      return fault.action === 'repeat';
    },
    arm: (fault) => {
      faults = [...faults, fault];
    },
    disarm: () => {
      faults = [];
    },
    armed: () => faults,
  };
}

const killSelf = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

export const faultSettings = {
  chaosEnabled: setting(
    'CHAOS_ENABLED',
    '1 to enable fault injection, 0 to disable it',
    z
      .enum(['0', '1'])
      .default('0')
      .transform((text) => text === '1'),
    { description: 'Fault injection for tests and drills.' },
  ),
  chaosToken: setting('CHAOS_TOKEN', 'at least 16 characters', z.string().min(16).optional(), {
    secret: true,
    description: 'The token that a caller must send to arm a fault; needed with CHAOS_ENABLED=1.',
  }),
};

/** Undefined when faults are disabled. Refuses to start when faults are enabled without a token. */
export function chaosTokenOf(config: Config<typeof faultSettings>): string | undefined {
  if (!config.chaosEnabled) return undefined;
  return (
    config.chaosToken ??
    refuseToStart(['CHAOS_TOKEN is not set; expected at least 16 characters with CHAOS_ENABLED=1.'])
  );
}
