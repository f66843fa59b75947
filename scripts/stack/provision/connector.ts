// What the boot asks of whoever provisions a connector. The stack does not know the connectors' files; it is handed a function
// of this shape.
import type { DatabaseTarget } from './database-target.ts';
import type { SlotOutcome, Wait } from './slot.ts';

/** What an operator should know of a connector that was provisioned. */
export interface Provisioned {
  readonly connector: string;
  /** What was changed, and what was left as it is with the command for it. */
  readonly notes: readonly string[];
  /** Why it publishes nothing, and what to do about it; undefined when it reads its slot. */
  readonly trouble?: string;
}

/** The sentences for whoever reads the log, each with the name of the connector. */
export const sentencesOf = ({ connector, notes, trouble }: Provisioned): string[] => [
  ...notes.map((note) => `connector ${connector}: ${note}`),
  ...(trouble === undefined ? [] : [`connector ${connector} publishes nothing: ${trouble}`]),
];

export interface ConnectTarget extends Wait {
  /** Of Connect's REST API. */
  readonly url: string;
}

/**
 * Applies the configuration of one connector and returns once its task reads the slot. Handed in, because the stack does not know
 * the connectors' files.
 */
export type ProvisionConnector = (
  database: DatabaseTarget,
  slot: SlotOutcome,
  target: ConnectTarget,
) => Promise<Provisioned>;
