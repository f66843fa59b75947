// Identifies and stops processes, for the supervisor and its guardian. A pid counts only together with the start time of its
// process: after a crash another process may have the same pid. Processes stop stage by stage: each stops before the processes
// that it depends on, so that it can finish its work in flight.
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

/** Identifies a process: a later process with the same pid has another identity, also after a reboot. */
export const identityOf = (pid: number): string | undefined => {
  if (process.platform === 'linux') {
    try {
      // The command name in brackets may itself contain spaces and brackets, so the fields are split after the last bracket.
      // The first of these fields is the state, the 20th is the start time.
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
    // The process has ended already.
  }
};

/** Kills the process and its process group, which includes the processes that it has started. */
const killGroup = (pid: number): void => {
  send(-pid, 'SIGKILL');
  send(pid, 'SIGKILL');
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
  killGroup(child.pid);
  await awaitEnd(child, 5_000);
  report(`${child.name} did not stop within ${String(child.graceMs / 1000)} s and was killed`);
};

/** Stops every child, stage by stage, and returns when all have ended. A child that exceeds its grace period is killed. */
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
  for (const child of children) if (isAlive(child)) killGroup(child.pid);
};
