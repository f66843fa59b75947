// A row of the table of commands: one command in each state, for each role.
import type { Role } from '../../../services/platform/http/endpoint/permissions.ts';
import type { ProblemKinds } from '../../../services/platform/http/endpoint/problem.ts';
import type { Decision } from '../../../services/platform/transaction/decision/decision.ts';

export const now = new Date('2026-01-01T10:00:00Z');
export const orderId = '0198c0de-0000-7000-8000-000000000001';
export const total = { amountMinor: 2_000, currency: 'EUR' };
export const owner = 'the owner';
export const otherPerson = 'another person';

export interface Row<State> {
  readonly allowedRole: Role;
  readonly problems: ProblemKinds;
  readonly states: Readonly<Record<string, State>>;
  /** Runs the command. `caller` is the subject of the access token. */
  readonly decide: (state: State, caller: string) => Decision<unknown, unknown>;
  /** The response by state: the effect of the command, or why it has none. */
  readonly answers: Readonly<Record<string, string>>;
  /** The response to another person with the same role; absent if the role has access to everything. */
  readonly answerToOther?: '404 not_found';
}

export const answerOf = (decision: Decision<unknown, unknown>, problems: ProblemKinds): string => {
  if (decision.kind === 'accepted') return 'accepted';
  if (decision.kind === 'ignored') return `ignored: ${decision.reason}`;
  return `${problems[decision.code]?.status ?? 500} ${decision.code}`;
};

/** Makes TypeScript check the state type of each row, although rows with different state types share a table. */
export const row = <State>(typedRow: Row<State>): Row<unknown> => ({
  ...typedRow,
  // Safe: the test calls each row only with the states of that row.
  decide: (state, caller) => typedRow.decide(state as State, caller),
});
