// Finds the constraint that a statement violated, so that a request that lost a race gets a specific problem instead of a 500.

interface ConstraintViolation {
  /** Name of the constraint, such as `inventory_sku`. */
  readonly constraint: string;
  /** `lost_race`: another transaction inserted or deleted a row first. `fault`: the code tried to store invalid values. */
  readonly kind: 'lost_race' | 'fault';
}

/** Unique, foreign key, exclusion: two transactions together can violate such a constraint although each is valid by itself. */
const racy = new Set(['23505', '23503', '23P01']);

const textOf = (error: object, field: string): string | undefined => {
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' ? value : undefined;
};

/** The constraint that PostgreSQL names (SQLSTATE class 23), anywhere in the chain of causes; undefined for other errors. */
export function constraintViolation(error: unknown): ConstraintViolation | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth += 1) {
    const code = textOf(cause, 'code');
    const constraint = textOf(cause, 'constraint_name');
    if (code?.startsWith('23') === true && constraint !== undefined)
      return { constraint, kind: racy.has(code) ? 'lost_race' : 'fault' };
  }
  return undefined;
}
