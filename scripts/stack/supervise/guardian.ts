// The dead man's handle of the stack: reads the list of running children from its standard input, which is a pipe held
// by the supervisor alone. However the supervisor ends, `kill -9` included, the pipe closes, and what is on the list is
// stopped in order. Without it a killed supervisor would leave databases and brokers behind, holding their ports.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { stopInStages, type Child } from './processes.ts';

export interface GuardianOrder {
  readonly children: readonly Child[];
  /** Files that say "running"; removed once nothing runs any more. */
  readonly markers: readonly string[];
  /** The supervisor has stopped everything itself. */
  readonly done: boolean;
}

const isOrder = (value: unknown): value is GuardianOrder =>
  typeof value === 'object' && value !== null && 'children' in value && 'markers' in value && 'done' in value;

let order: GuardianOrder = { children: [], markers: [], done: false };
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  try {
    const value: unknown = JSON.parse(line);
    if (isOrder(value)) order = value;
  } catch {
    // Half a line: the supervisor died while it wrote. The order before it still holds.
  }
});
lines.on('close', () => {
  if (order.done) return;
  const say = (line: string): void => {
    console.log(`${new Date().toISOString()} ${line}`);
  };
  say(`the supervisor is gone; stopping ${String(order.children.length)} processes`);
  void stopInStages(order.children, say).then(() => {
    for (const marker of order.markers) rmSync(marker, { force: true });
    say('nothing is left running');
  });
});
