/** An effect of an accepted input that metrics count. It is recorded once the transaction is committed. */
export interface Measurement {
  readonly name: string;
  /** Each label has few different values. All values come from the code, never from a client. */
  readonly labels: Readonly<Record<string, string>>;
  /** When set, the duration from this time until now is recorded. */
  readonly since?: Date;
}
