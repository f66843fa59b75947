/** Something that an accepted input has caused and that metrics count: recorded once its transaction is committed. */
export interface Measurement {
  readonly name: string;
  /** Values from the code, few of them, never from a client. */
  readonly labels: Readonly<Record<string, string>>;
  /** Start of the duration that ends now. */
  readonly since?: Date;
}
