// What the boot asks of whoever provisions a connector. The stack does not know the connectors' files; it is handed a function
// of this shape.
import type { DatabaseTarget } from './database-target.ts';
import type { SlotOutcome, Wait } from './slot.ts';

/** Connectors that do not publish, and what an operator has to do about it. */
export interface Degraded {
  readonly connector: string;
  readonly sentence: string;
}

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
) => Promise<Degraded | undefined>;
