// CPU time and memory by part of the stack. Unlike throughput, CPU time hardly changes when other programs use the machine.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { round } from './latency.ts';
import type { System } from './system.ts';

/** CPU milliseconds by part; `bench` is this process. */
export type CpuTimes = Readonly<Record<string, number>>;

/** /proc reports CPU time in ticks of 1/100 s, whatever the kernel's internal timer frequency is. */
const msPerTick = 10;

interface ProcessTimes {
  readonly parent: number;
  /** CPU time of the process and of its children that have ended. */
  readonly ms: number;
}

const readProcesses = (): ReadonlyMap<number, ProcessTimes> => {
  const found = new Map<number, ProcessTimes>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    let stat: string;
    try {
      stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
    } catch {
      // The process has ended since the folder was listed.
      continue;
    }
    // The name of the program is in parentheses and can contain spaces and parentheses, so the fields begin after the last one
    // (proc(5)).
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15);
    found.set(Number(entry), {
      parent: fields[1] ?? 0,
      ms: (user + system + childrenUser + childrenSystem) * msPerTick,
    });
  }
  return found;
};

/** The CPU time that each part has used since it was started, its child processes included; undefined where there is no /proc. */
export const readCpu = (system: System): CpuTimes | undefined => {
  if (process.platform !== 'linux') return undefined;
  const processes = readProcesses();
  const children = Map.groupBy(processes.keys(), (pid) => processes.get(pid)?.parent);
  const treeOf = (pid: number): number =>
    (processes.get(pid)?.ms ?? 0) + (children.get(pid) ?? []).reduce((sum, child) => sum + treeOf(child), 0);
  const parts = Object.entries(system.processes()).map(([name, pid]): [string, number] => [
    name,
    treeOf(pid),
  ]);
  return { ...Object.fromEntries(parts), bench: processes.get(process.pid)?.ms ?? 0 };
};

/** MiB resident by part, without child processes. */
export const readMemory = (system: System): Readonly<Record<string, number>> => {
  const processes = system.processes();
  const list = execFileSync('ps', ['-o', 'pid=,rss=', '-p', Object.values(processes).join(',')], {
    encoding: 'utf8',
  });
  const kiB = new Map(
    list.split('\n').flatMap((line): [number, number][] => {
      const [pid, size] = line.trim().split(/\s+/).map(Number);
      return pid === undefined || size === undefined ? [] : [[pid, size]];
    }),
  );
  return Object.fromEntries(
    Object.entries(processes).map(([name, pid]) => [name, Math.round((kiB.get(pid) ?? NaN) / 1024)]),
  );
};

/** CPU milliseconds of each part between two readings, per order or per second. `count`: the number of orders or seconds. */
export const cpuPer = (before: CpuTimes, after: CpuTimes, count: number): CpuTimes =>
  Object.fromEntries(
    Object.entries(after).map(([part, ms]) => [part, round((ms - (before[part] ?? ms)) / count)]),
  );

/** The sum over the parts of the system, without the load that this process makes. */
export const totalCpu = ({ bench: _, ...parts }: CpuTimes): number =>
  round(Object.values(parts).reduce((sum, ms) => sum + ms, 0));
