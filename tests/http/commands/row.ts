// A row of the table of commands: one command in each state, for each role.
import type { Role } from '../../../services/platform/http/endpoint/permissions.ts';
import type { ProblemKinds } from '../../../services/platform/http/endpoint/problem.ts';
import type { Decision } from '../../../services/platform/transaction/decision/decision.ts';

export const at = new Date('2026-01-01T10:00:00Z');
export const orderId = '0198c0de-0000-7000-8000-000000000001';
export const total = { amountMinor: 2_000, currency: 'EUR' };
export const own = 'the caller';
export const stranger = 'somebody else';

export interface Row<State> {
  readonly by: Role;
  readonly problems: ProblemKinds;
  readonly states: Readonly<Record<string, State>>;
  /** Runs the command; `as` is the subject of the caller's token. */
  readonly decide: (state: State, as: string) => Decision<unknown, unknown>;
  /** By state: the effect of the command, or why it has none. */
  readonly answers: Readonly<Record<string, string>>;
  /** The answer to another person of the same role; absent if the role has access to everything. */
  readonly stranger?: '404 not_found';
}

export const answerOf = (decision: Decision<unknown, unknown>, problems: ProblemKinds): string => {
  if (decision.kind === 'accepted') return 'done';
  if (decision.kind === 'ignored') return `unchanged: ${decision.reason}`;
  return `${problems[decision.code]?.status ?? 500} ${decision.code}`;
};

/** Checks each row's state type, although the rows share a table. */
export const row = <State>(given: Row<State>): Row<unknown> => ({
  ...given,
  // Safe: the test passes a row only its own states.
  decide: (state, as) => given.decide(state as State, as),
});
