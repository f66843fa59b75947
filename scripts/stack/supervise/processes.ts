// Processes as the supervisor and its guardian see them: a pid is only trusted together with the start time of its
// process, since after a crash the same number may belong to a stranger. Stopping goes stage by stage, so that nothing
// loses what it depends on while it still has work in flight.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly identity: string;
  /** Stages stop from the highest to the lowest; children of one stage stop together. */
  readonly stage: number;
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  readonly graceMs: number;
}

const bootId = (): string => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
};

/** Names one process for good: differs for a later process with the same pid, and after a restart of the machine. */
export const identityOf = (pid: number): string | undefined => {
  if (process.platform === 'linux') {
    try {
      // Fields after the command name, which may itself contain blanks and brackets: state is the first, start time the 20th.
      const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : `${bootId()}:${fields[19] ?? ''}`;
    } catch {
      return undefined;
    }
  }
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return started === '' ? undefined : started;
  } catch {
    return undefined;
  }
};

export const isAlive = (child: { readonly pid: number; readonly identity: string }): boolean =>
  identityOf(child.pid) === child.identity;

export const send = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone: what a signal would have achieved.
  }
};

const awaitEnd = async (child: Child, ms: number): Promise<boolean> => {
  const deadline = performance.now() + ms;
  while (isAlive(child)) {
    if (performance.now() >= deadline) return false;
    await sleep(50);
  }
  return true;
};

const stopOne = async (child: Child, report: (line: string) => void): Promise<void> => {
  const began = performance.now();
  if (!isAlive(child)) return;
  send(child.pid, child.stopSignal);
  if (await awaitEnd(child, child.graceMs)) {
    report(`${child.name} stopped (${((performance.now() - began) / 1000).toFixed(1)} s)`);
    return;
  }
  // The group, not the process alone: whatever it has started goes with it.
  send(-child.pid, 'SIGKILL');
  send(child.pid, 'SIGKILL');
  await awaitEnd(child, 5_000);
  report(`${child.name} did not stop within ${String(child.graceMs / 1000)} s and was killed`);
};

/** Stops every child, stage by stage, and returns when all are gone. Bounded by the graces of the stages. */
export const stopInStages = async (
  children: readonly Child[],
  report: (line: string) => void,
): Promise<void> => {
  const stages = [...new Set(children.map((child) => child.stage))].sort((a, b) => b - a);
  for (const stage of stages)
    await Promise.all(
      children.filter((child) => child.stage === stage).map((child) => stopOne(child, report)),
    );
};

export const killAll = (children: readonly Child[]): void => {
  for (const child of children) {
    if (!isAlive(child)) continue;
    send(-child.pid, 'SIGKILL');
    send(child.pid, 'SIGKILL');
  }
};
