// The types of the supervisor: commands, parts, and the status of the stack as in `stack.json`.

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

export interface Part {
  readonly name: string;
  /** The name in messages. */
  readonly label: string;
  readonly ports: readonly number[];
  /** Called before every start, so it can remove files that a crash has left behind. */
  readonly command: () => Command;
  readonly ready: () => Promise<boolean>;
  readonly readyWithinMs: number;
  readonly stage: number;
  readonly stopSignal?: 'SIGTERM' | 'SIGINT';
  readonly graceMs: number;
}

/** A part without its command: the same for a child process and a container. */
export type PartDescription = Omit<Part, 'command'>;

export type PartState = 'starting' | 'ready' | 'restarting' | 'stopping' | 'stopped';

export interface PartStatus {
  readonly label: string;
  readonly state: PartState;
  readonly pid: number | undefined;
  readonly identity: string | undefined;
  readonly ports: readonly number[];
  readonly restarts: number;
  readonly startedAt: string | undefined;
  readonly log: string;
}

/** The content of `stack.json` without its list of children. The dashboard, the benchmarks and the tests read it. */
export interface StackStatus {
  readonly pid: number;
  readonly identity: string | undefined;
  readonly state: 'starting' | 'ready' | 'stopping';
  readonly startedAt: string;
  readonly parts: Readonly<Record<string, PartStatus>>;
}

export interface RunOptions extends Command {
  readonly name: string;
  readonly withinMs: number;
  /** Receives every complete line of stdout, which is written to the log as well. */
  readonly onLine?: (line: string) => void;
}
