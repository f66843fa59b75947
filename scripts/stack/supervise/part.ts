// What the supervisor runs and what it reports: the commands, the parts, and the status of the stack that `stack.json` holds.

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
  /** How a person calls it. */
  readonly label: string;
  readonly ports: readonly number[];
  /** Evaluated before every start, so that it can clear what a crash has left behind. */
  readonly command: () => Command;
  readonly ready: () => Promise<boolean>;
  readonly readyWithinMs: number;
  readonly stage: number;
  readonly stopSignal?: 'SIGTERM' | 'SIGINT';
  readonly graceMs: number;
}

/** A part but for the way it is run: how it is called, when it is ready, in which order it stops. */
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

/** The content of `stack.json`: what runs where, for tests and for the dashboard. */
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
  /** Receives every complete line of the output, which goes to the log as well. */
  readonly onLine?: (line: string) => void;
}
