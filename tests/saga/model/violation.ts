/** Thrown when an invariant does not hold. It ends the history. */
export class Violation extends Error {
  override readonly name = 'Violation';
}
export const must = (holds: boolean, invariant: string): void => {
  if (!holds) throw new Violation(invariant);
};
