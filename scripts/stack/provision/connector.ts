// The type of the function that provisions a connector. The caller passes this function to the boot, because scripts/stack must not
// import scripts/connectors.
import type { DatabaseTarget } from './database-target.ts';
import type { SlotOutcome, Wait } from './slot.ts';

/** The result of provisioning, for the operator. */
export interface Provisioned {
  readonly connector: string;
  /** The changes that were made, and the changes that an operator has to make, each with its command. */
  readonly notes: readonly string[];
  /** Why the connector publishes nothing, with the remedy; undefined when the connector runs. */
  readonly trouble?: string;
}

/** The log lines, each with the name of the connector. */
export const logLinesOf = ({ connector, notes, trouble }: Provisioned): string[] => [
  ...notes.map((note) => `connector ${connector}: ${note}`),
  ...(trouble === undefined ? [] : [`connector ${connector} publishes nothing: ${trouble}`]),
];

export interface ConnectTarget extends Wait {
  /** The base URL of Connect's REST API. */
  readonly url: string;
}

/**
 * Applies the safe changes to one connector and leaves out dangerous ones. Returns once the task of the connector reads the slot,
 * or with `trouble`. If it left out a change, it waits only until the task runs: the connector may read another slot.
 */
export type ProvisionConnector = (
  database: DatabaseTarget,
  slot: SlotOutcome,
  target: ConnectTarget,
) => Promise<Provisioned>;
