/** An effect of an accepted input that metrics count. It is recorded once the transaction is committed. */
export interface Measurement {
  readonly name: string;
  /** Few different values, all from the code, never from a client. */
  readonly labels: Readonly<Record<string, string>>;
  /** When set, the duration from this time until now is recorded. */
  readonly since?: Date;
}
