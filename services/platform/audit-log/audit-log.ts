// The audit log: what people did and what they were refused, appended in the transaction of the effect, so that there is no
// effect without its entry and no entry without its effect. Events and timers are not in it: their trail is the inbox.
// An entry says who, what, when and what came of it. It holds nothing of a body and no token, so it can be kept for good.
import { auditLog } from '../../../drizzle/messaging/schema.ts';
import type { Database, Transaction } from '../database/database.ts';

/** An action as a person asked for it, known before anything came of it. */
export interface PersonsAction {
  readonly subject: string;
  readonly roles: readonly string[];
  readonly name: string;
  /** What the path says it is about; null when it is to make something new. */
  readonly resource: string | null;
  readonly correlationId: string;
  readonly requestId: string;
}

/** What came of it; `resource` when only that tells what it was about. */
export type ActionOutcome = { readonly resource?: string | undefined } & (
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'ignored'; readonly code: string }
  | { readonly outcome: 'refused'; readonly code: string; readonly status: number }
);

const maximumLength = 200;

/** PostgreSQL's text has no NUL, and a path may hold anything: an entry must be written whatever was asked for. */
const storable = (text: string): string => text.slice(0, maximumLength).replaceAll(/\p{Cc}/gu, '\uFFFD');

/**
 * The statement that appends one entry: await it, or let it be sent with others. The entry is sealed into the hash chain later, so
 * that actions do not wait for each other here.
 */
export function recordAction(
  tx: Database | Transaction,
  action: PersonsAction,
  actionOutcome: ActionOutcome,
  at: Date,
) {
  const { subject, roles, name, correlationId, requestId } = action;
  const { resource = action.resource, ...outcome } = actionOutcome;
  return tx.insert(auditLog).values({
    ...outcome,
    at,
    subject: storable(subject),
    roles: [...roles],
    action: storable(name),
    resource: resource === null ? null : storable(resource),
    correlationId,
    requestId,
  });
}
