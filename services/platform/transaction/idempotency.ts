// Idempotency-Key: a client that has not received the response may repeat its request. The repetition gets the same response, and
// the request takes effect only once. The response is stored in the transaction of the effect, so that a crash cannot lose only one
// of the two; `leaseKey` is for actions without such a transaction. The response is kept for 24 hours (IDEMPOTENCY_KEY_HOURS);
// after that, a request with the same key is a new request.
import { and, eq, sql } from 'drizzle-orm';
import { idempotencyKeys } from '../../../drizzle/messaging/schema.ts';
import type { DomainEvent } from '../../../schemas/generated/events.ts';
import type { Accepted, Ignored } from './decision/decision.ts';
import type { Database, Transaction } from '../database/database.ts';
import { Rejected, type Claim } from './handle.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

export interface KeyedRequest {
  /** Caller, method and path: two callers may use the same key. */
  readonly scope: string;
  readonly key: string;
  /** Hash of the request body: `fingerprintOf`. */
  readonly fingerprint: string;
}

export interface IdempotentRequest<State> extends KeyedRequest {
  /** The response to this request and to each repetition. It may read rows that the transaction has written. */
  readonly answer: (
    decision: Accepted<State, DomainEvent> | Ignored,
    tx: Transaction,
  ) => Answer | Promise<Answer>;
}

const hasKey = ({ scope, key }: KeyedRequest) =>
  and(eq(idempotencyKeys.scope, scope), eq(idempotencyKeys.key, key));

const storedRow = (db: Database | Transaction, request: KeyedRequest) =>
  db.select().from(idempotencyKeys).where(hasKey(request));

type StoredRow = typeof idempotencyKeys.$inferSelect;

const answerIn = ([prior]: readonly StoredRow[], { fingerprint }: KeyedRequest): Answer | undefined => {
  if (!prior) return undefined;
  if (prior.fingerprint !== fingerprint)
    throw new Rejected('idempotency_key_reused', 'This Idempotency-Key was used with another request body.');
  return { status: prior.status, body: prior.body, headers: prior.headers };
};

const inFlight = (): Rejected =>
  new Rejected('idempotency_key_in_flight', 'A request with this Idempotency-Key is under way.');

/** The status of a key whose action is under way. */
const underWay = 0;
/** Longer than any action takes. An older lease was left by a crash, so the next request with its key runs the action again. */
const leaseMs = 600_000;

/**
 * Takes a key for an action that has no transaction of its own. When the action has ended, the caller stores the response with
 * `settleKey`, or gives the key back with `releaseKey`. Resolves to undefined when the caller has got the key, or to the response
 * of an earlier request. Throws Rejected as `idempotencyClaim` does.
 */
export async function leaseKey(
  db: Database,
  request: KeyedRequest,
  leasedAt: Date,
): Promise<Answer | undefined> {
  const { scope, key, fingerprint } = request;
  const leasedBefore = new Date(leasedAt.getTime() - leaseMs).toISOString();
  const taken = await db
    .insert(idempotencyKeys)
    .values({ scope, key, fingerprint, status: underWay, body: {}, headers: {}, createdAt: leasedAt })
    .onConflictDoUpdate({
      target: [idempotencyKeys.scope, idempotencyKeys.key],
      set: { fingerprint, createdAt: leasedAt },
      setWhere: sql`${idempotencyKeys.status} = ${underWay} and ${idempotencyKeys.createdAt} < ${leasedBefore}`,
    })
    .returning({ key: idempotencyKeys.key });
  if (taken.length > 0) return undefined;
  const prior = answerIn(await storedRow(db, request), request);
  if (!prior || prior.status === underWay) throw inFlight();
  return prior;
}

/** Matches the key while the request has the lease: a request that took over the lease has set another time. */
const isLeased = (request: KeyedRequest, leasedAt: Date) =>
  and(hasKey(request), eq(idempotencyKeys.status, underWay), eq(idempotencyKeys.createdAt, leasedAt));

export const settleKey = (
  db: Database,
  request: KeyedRequest,
  leasedAt: Date,
  { status, body, headers }: Answer,
) => db.update(idempotencyKeys).set({ status, body, headers }).where(isLeased(request, leasedAt));

export const releaseKey = (db: Database, request: KeyedRequest, leasedAt: Date) =>
  db.delete(idempotencyKeys).where(isLeased(request, leasedAt));

/**
 * Claims an Idempotency-Key. A repeated request gets the stored response.
 * @throws Rejected `idempotency_key_in_flight` while the first request is running, and `idempotency_key_reused` when the key was
 * used with another body.
 */
export function idempotencyClaim<State>(request: IdempotentRequest<State>): Claim<State, Answer> {
  const { scope, key, fingerprint } = request;
  let takenAt: Date;
  return {
    take: async (tx, now) => {
      // Both statements are sent together and run one after the other. The lock is held until commit or rollback, so that the next
      // owner of the lock sees the row.
      const [[lock], rows] = await Promise.all([
        tx.execute<{ locked: boolean }>(
          sql`select pg_try_advisory_xact_lock(hashtextextended(${`${scope} ${key}`}, 0)) as locked`,
        ),
        storedRow(tx, request),
      ]);
      if (!lock?.locked) throw inFlight();
      const prior = answerIn(rows, request);
      if (prior) return { taken: false, prior };
      takenAt = now;
      return { taken: true };
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
