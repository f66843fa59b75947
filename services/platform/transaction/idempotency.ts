// Idempotency-Key: a client that has not received the response may repeat its request. It gets the same response, and the request takes
// effect only once. The response is stored in the transaction of the effect, so that a crash cannot lose only one of the two.
// It is kept for 24 hours (IDEMPOTENCY_KEY_HOURS); after that, a request with the same key is a new request.
import { and, eq, sql } from 'drizzle-orm';
import { idempotencyKeys } from '../../../drizzle/messaging/schema.ts';
import type { DomainEvent } from '../../../schemas/generated/events.ts';
import type { Accepted, Ignored } from './decision/decision.ts';
import type { Transaction } from '../database/database.ts';
import type { Claim } from './handle.ts';
import { Rejected } from './handle.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

export interface IdempotentRequest<State> {
  /** Caller, method and path: two callers may use the same key. */
  readonly scope: string;
  readonly key: string;
  /** Hash of the request body: `fingerprintOf`. */
  readonly fingerprint: string;
  /** The response to this request and to each repetition. It may read rows that the transaction has written. */
  readonly answer: (
    decision: Accepted<State, DomainEvent> | Ignored,
    tx: Transaction,
  ) => Answer | Promise<Answer>;
}

/**
 * Claims an Idempotency-Key. A repeated request gets the stored response.
 * @throws Rejected `idempotency_key_in_flight` while the first request is running, and `idempotency_key_reused` when the key was used
 * with another body.
 */
export function idempotencyClaim<State>(request: IdempotentRequest<State>): Claim<State, Answer> {
  const { scope, key, fingerprint } = request;
  const stored = and(eq(idempotencyKeys.scope, scope), eq(idempotencyKeys.key, key));
  let takenAt: Date;
  return {
    take: async (tx, now) => {
      // Locked before the row is read and until commit or rollback, so that the next owner of the lock sees the row.
      const [[lock], [prior]] = await Promise.all([
        tx.execute<{ locked: boolean }>(
          sql`select pg_try_advisory_xact_lock(hashtextextended(${`${scope} ${key}`}, 0)) as locked`,
        ),
        tx.select().from(idempotencyKeys).where(stored),
      ]);
      if (!lock?.locked) {
        throw new Rejected('idempotency_key_in_flight', 'A request with this Idempotency-Key is under way.');
      }
      if (!prior) {
        takenAt = now;
        return { taken: true };
      }
      if (prior.fingerprint !== fingerprint) {
        throw new Rejected(
          'idempotency_key_reused',
          'This Idempotency-Key was used with another request body.',
        );
      }
      return { taken: false, prior: { status: prior.status, body: prior.body, headers: prior.headers } };
    },
    settle: async (tx, decision) => {
      const { status, body, headers } = await request.answer(decision, tx);
      return [
        tx
          .insert(idempotencyKeys)
          .values({ scope, key, fingerprint, status, body, headers, createdAt: takenAt }),
      ];
    },
  };
}
