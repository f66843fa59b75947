// The type of the function that provisions a connector. It is passed to the boot, because scripts/stack does not know the
// connector files.
import type { DatabaseTarget } from './database-target.ts';
import type { SlotOutcome, Wait } from './slot.ts';

/** What an operator should know about a provisioned connector. */
export interface Provisioned {
  readonly connector: string;
  /** What was changed, and what was not changed with the command that changes it. */
  readonly notes: readonly string[];
  /** Why it publishes nothing, with the remedy; undefined when it reads its slot. */
  readonly trouble?: string;
}

/** The log lines, each with the name of the connector. */
export const sentencesOf = ({ connector, notes, trouble }: Provisioned): string[] => [
  ...notes.map((note) => `connector ${connector}: ${note}`),
  ...(trouble === undefined ? [] : [`connector ${connector} publishes nothing: ${trouble}`]),
];

export interface ConnectTarget extends Wait {
  /** The base URL of Connect's REST API. */
  readonly url: string;
}

/** Applies the configuration of one connector and returns once its task reads the slot. */
export type ProvisionConnector = (
  database: DatabaseTarget,
  slot: SlotOutcome,
  target: ConnectTarget,
) => Promise<Provisioned>;
