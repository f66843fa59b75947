// An invariant that does not hold ends the history in which it was broken.

/** An invariant does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';
}
export const must = (holds: boolean, invariant: string): void => {
  if (!holds) throw new Violation(invariant);
};
