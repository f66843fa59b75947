// The audit log: actions of people and refusals. The entry of an effect is appended in the transaction of the effect, so neither
// exists without the other. Events and timers are not in the log; the inbox records events. An entry has the actor, the action, the
// time and the outcome, but nothing of a request body and no token, so it can be kept forever.
import { auditLog } from '../../../drizzle/messaging/schema.ts';
import type { Database, Transaction } from '../database/database.ts';

/** An action that a person requested, before its outcome is known. */
export interface PersonsAction {
  readonly subject: string;
  readonly roles: readonly string[];
  readonly name: string;
  /** The id in the path; null when the path has none, for example when the action creates the resource. */
  readonly resource: string | null;
  readonly correlationId: string;
  readonly requestId: string;
}

/** `resource` replaces the action's resource, for example by the id of the created order. */
type ActionOutcome = { readonly resource?: string | undefined } & (
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'ignored'; readonly code: string }
  | { readonly outcome: 'refused'; readonly code: string; readonly status: number }
);

const maximumLength = 200;

/** Makes a text storable: a path can be long or contain NUL, which PostgreSQL refuses, and every entry must be written. */
const storable = (text: string): string => text.slice(0, maximumLength).replaceAll(/\p{Cc}/gu, '\uFFFD');

/**
 * Returns the statement that appends an entry; the caller awaits it, alone or together with other statements. The entry is
 * added to the hash chain later (audit-seal.ts), so that actions do not wait for each other.
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
