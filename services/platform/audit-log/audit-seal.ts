// Adds the entries of the audit log to the hash chain shortly after their commit. Actions append concurrently; only sealing
// is sequential, under an advisory lock that ends with its transaction. The next run seals the entries that a crash left unsealed.
// Entries are sealed in the sequence of their transaction ids. An entry is sealed only when its transaction id is lower than the id
// of every running transaction of the server. So no entry can appear before a sealed entry, and a run reads only new entries. A
// long transaction delays only the sealing.
import { and, asc, desc, eq, gt, lte, sql } from 'drizzle-orm';
import { auditLog, auditSeals } from '../../../drizzle/messaging/schema.ts';
import {
  anchorBreak,
  chainStart,
  followChain,
  sealEntries,
  missingSeal,
  type Break,
  type ChainPoint,
} from './audit-chain.ts';
import type { Database, Transaction } from '../database/database.ts';
import type { Logger } from '../process/logger.ts';
import { every, type Timer } from '../process/timer.ts';

const readHead = async (db: Database | Transaction): Promise<ChainPoint> => {
  const [head] = await db
    .select({ position: auditSeals.position, hash: auditSeals.hash })
    .from(auditSeals)
    .orderBy(desc(auditSeals.position))
    .limit(1);
  return head ?? chainStart;
};

/** The newest sealed entry that still exists. */
const readLastSealed = async (tx: Transaction): Promise<{ transaction: string; id: number }> => {
  const [lastSealed] = await tx
    .select({ transaction: auditLog.transaction, id: auditLog.id })
    .from(auditSeals)
    .innerJoin(auditLog, eq(auditLog.id, auditSeals.entryId))
    .orderBy(desc(auditSeals.position))
    .limit(1);
  return lastSealed ?? { transaction: '0', id: 0 };
};

/** Seals up to `limit` entries in one transaction. `head`: the head of the chain afterwards. */
export const sealBatch = (
  db: Database,
  limit: number,
): Promise<{ readonly sealed: number; readonly head: ChainPoint } | 'another instance is sealing'> =>
  db.transaction(async (tx) => {
    const [lock] = await tx.execute<{ locked: boolean }>(
      sql`select pg_try_advisory_xact_lock(hashtextextended('audit seal', 0)) as locked`,
    );
    if (lock?.locked !== true) return 'another instance is sealing';
    const [head, lastSealed] = await Promise.all([readHead(tx), readLastSealed(tx)]);
    const entries = await tx
      .select()
      .from(auditLog)
      .where(
        and(
          sql`(${auditLog.transaction}, ${auditLog.id}) > (${lastSealed.transaction}::xid8, ${lastSealed.id}::bigint)`,
          sql`${auditLog.transaction} < pg_snapshot_xmin(pg_current_snapshot())`,
          // Only tampering can put a sealed entry behind the last sealed entry. It must not prevent the sealing of the others.
          sql`not exists (select from ${auditSeals} where ${auditSeals.entryId} = ${auditLog.id})`,
        ),
      )
      .orderBy(asc(auditLog.transaction), asc(auditLog.id))
      .limit(limit);
    const seals = sealEntries(head, entries);
    if (seals.length > 0) await tx.insert(auditSeals).values(seals);
    const last = seals.at(-1);
    return { sealed: seals.length, head: last ? { position: last.position, hash: last.hash } : head };
  });

const intervalMs = 1_000;
const batchSize = 500;
/** Bounds a run, so that stopping is quick; the next run seals the rest. */
const batchesPerRun = 20;
const anchorEveryMs = 60_000;

/**
 * Seals every second. Logs the head of the chain when it has changed, at most once per minute, as an anchor outside the database.
 */
export function startSealing({ db, logger }: { readonly db: Database; readonly logger: Logger }): Timer {
  let logged: { readonly position: number; readonly at: number } | undefined;
  const logHead = ({ position, hash }: ChainPoint): void => {
    const now = performance.now();
    if (position === (logged?.position ?? 0)) return;
    if (logged !== undefined && now - logged.at < anchorEveryMs) return;
    logged = { position, at: now };
    logger.info('audit log sealed', { position, hash });
  };
  return every(
    intervalMs,
    'audit seal',
    async (signal) => {
      for (let batch = 1; batch <= batchesPerRun && !signal.aborted; batch += 1) {
        const result = await sealBatch(db, batchSize);
        if (result === 'another instance is sealing') return;
        logHead(result.head);
        if (result.sealed < batchSize) return;
      }
    },
    logger,
  );
}

export interface Verification {
  readonly status: 'intact' | 'broken';
  /** Entries of the log, sealed or not. */
  readonly entries: number;
  /**
   * Entries without a seal: entries of the last second, entries that are newer than a running transaction of the server, and
   * entries that tampering has inserted.
   */
  readonly unsealed: number;
  readonly head: ChainPoint;
  readonly firstBroken: Break | null;
}

interface VerificationOptions {
  /** A point of the chain that was stored outside the database. */
  readonly anchor?: ChainPoint | undefined;
  /** Aborted when nobody waits for the result any more. */
  readonly signal: AbortSignal;
  /** Rows per query; 1,000 when absent. */
  readonly batch?: number;
}

/**
 * Verifies the whole chain up to its current head and counts the entries, in bounded queries.
 * @throws the signal's reason when it is aborted.
 */
export async function verifyAuditLog(db: Database, options: VerificationOptions): Promise<Verification> {
  const { anchor } = options;
  const head = await readHead(db);
  const counts = await countEntries(db, options);
  let firstBroken = await findFirstBreak(db, head, options);
  if (anchor) {
    const [seal] = await db.select().from(auditSeals).where(eq(auditSeals.position, anchor.position));
    const broken = anchorBreak(anchor, seal?.hash);
    if (broken && (!firstBroken || broken.position < firstBroken.position)) firstBroken = broken;
  }
  return { status: firstBroken ? 'broken' : 'intact', ...counts, head, firstBroken: firstBroken ?? null };
}

async function findFirstBreak(
  db: Database,
  head: ChainPoint,
  { signal, batch: rows = 1_000 }: VerificationOptions,
): Promise<Break | undefined> {
  let reached = chainStart;
  while (reached.position < head.position) {
    signal.throwIfAborted();
    const links = await db
      .select({ seal: auditSeals, entry: auditLog })
      .from(auditSeals)
      .leftJoin(auditLog, eq(auditLog.id, auditSeals.entryId))
      .where(and(gt(auditSeals.position, reached.position), lte(auditSeals.position, head.position)))
      .orderBy(asc(auditSeals.position))
      .limit(rows);
    const { end, broken } = followChain(reached, links);
    if (broken) return broken;
    if (links.length === 0) return missingSeal(reached.position + 1);
    reached = end;
  }
  return undefined;
}

async function countEntries(
  db: Database,
  { signal, batch: rows = 1_000 }: VerificationOptions,
): Promise<{ entries: number; unsealed: number }> {
  let [entries, unsealed, after] = [0, 0, 0];
  for (;;) {
    signal.throwIfAborted();
    const found = await db
      .select({ id: auditLog.id, position: auditSeals.position })
      .from(auditLog)
      .leftJoin(auditSeals, eq(auditSeals.entryId, auditLog.id))
      .where(gt(auditLog.id, after))
      .orderBy(asc(auditLog.id))
      .limit(rows);
    entries += found.length;
    unsealed += found.filter(({ position }) => position === null).length;
    const last = found.at(-1);
    if (!last || found.length < rows) return { entries, unsealed };
    after = last.id;
  }
}
