// Stops every child when the supervisor is killed. It reads the list of children from stdin, a pipe that only the supervisor
// has open. However the supervisor ends, `kill -9` included, the pipe closes, and the guardian stops the listed children stage by
// stage. Without the guardian, a killed supervisor would leave databases and brokers running, and their ports would stay in use.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { stopInStages, type Child } from './processes.ts';

export interface GuardianMessage {
  readonly children: readonly Child[];
  /** Files that exist while the stack runs. The guardian removes them after the children have stopped. */
  readonly markers: readonly string[];
  /** The supervisor has stopped all children, so the guardian has nothing to do. */
  readonly done: boolean;
}

const isMessage = (value: unknown): value is GuardianMessage =>
  typeof value === 'object' && value !== null && 'children' in value && 'markers' in value && 'done' in value;

let latest: GuardianMessage = { children: [], markers: [], done: false };
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  try {
    const value: unknown = JSON.parse(line);
    if (isMessage(value)) latest = value;
  } catch {
    // The supervisor died while it wrote this line. The previous message is still valid.
  }
});
lines.on('close', () => {
  if (latest.done) return;
  const log = (line: string): void => {
    console.log(`${new Date().toISOString()} ${line}`);
  };
  log(`the supervisor is gone; stopping ${String(latest.children.length)} processes`);
  void stopInStages(latest.children, log).then(() => {
    for (const marker of latest.markers) rmSync(marker, { force: true });
    log('nothing is left running');
  });
});
