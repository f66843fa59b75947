/** Thrown when an invariant does not hold. Ends the history. */
export class Violation extends Error {
  override readonly name = 'Violation';
}
export const assertHolds = (holds: boolean, invariant: string): void => {
  if (!holds) throw new Violation(invariant);
};
