// What an accepted input has brought its state to, worth counting. A pure function of the states before and after says it;
// the shell counts it once it is committed.

export interface Milestone {
  readonly name: string;
  /** The code's own words and few, never a client's. */
  readonly labels: Readonly<Record<string, string>>;
  /** When what it ends began. */
  readonly since?: Date;
}
