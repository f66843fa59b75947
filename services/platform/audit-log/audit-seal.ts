// The sealer gives the entries of the audit log their places in the hash chain, shortly after they were committed. Actions
// append side by side and never wait for a chain; only sealing is one after the other, under an advisory lock that a dead
// instance cannot hold. Whoever dies between a commit and its seal leaves an entry that the next run finds.
// Entries are sealed in the order of their transactions, and only those older than every transaction that still runs on the
// server: nothing can then be added before them any more, so a run looks at what is new and not at the whole log. A
// transaction that stays open elsewhere on the server delays the seals, and only them.
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

/** The newest sealed entry that is still there: the next ones come after it. */
const readPassed = async (tx: Transaction): Promise<{ transaction: string; id: number }> => {
  const [passed] = await tx
    .select({ transaction: auditLog.transaction, id: auditLog.id })
    .from(auditSeals)
    .innerJoin(auditLog, eq(auditLog.id, auditSeals.entryId))
    .orderBy(desc(auditSeals.position))
    .limit(1);
  return passed ?? { transaction: '0', id: 0 };
};

/** Seals up to `atMost` entries in one transaction; how many, and the head of the chain after it. */
export const sealBatch = (
  db: Database,
  atMost: number,
): Promise<{ readonly sealed: number; readonly head: ChainPoint } | 'another instance is at it'> =>
  db.transaction(async (tx) => {
    const [lock] = await tx.execute<{ locked: boolean }>(
      sql`select pg_try_advisory_xact_lock(hashtextextended('audit seal', 0)) as locked`,
    );
    if (lock?.locked !== true) return 'another instance is at it';
    const [head, passed] = await Promise.all([readHead(tx), readPassed(tx)]);
    const entries = await tx
      .select()
      .from(auditLog)
      .where(
        and(
          sql`(${auditLog.transaction}, ${auditLog.id}) > (${passed.transaction}::xid8, ${passed.id}::bigint)`,
          sql`${auditLog.transaction} < pg_snapshot_xmin(pg_current_snapshot())`,
          // Only somebody who tampers can have put a sealed entry here; it must not stop the rest.
          sql`not exists (select from ${auditSeals} where ${auditSeals.entryId} = ${auditLog.id})`,
        ),
      )
      .orderBy(asc(auditLog.transaction), asc(auditLog.id))
      .limit(atMost);
    const seals = sealEntries(head, entries);
    if (seals.length > 0) await tx.insert(auditSeals).values(seals);
    const last = seals.at(-1);
    return { sealed: seals.length, head: last ? { position: last.position, hash: last.hash } : head };
  });

const intervalMs = 1_000;
const batch = 500;
/** Per run, so that stopping never waits long; what is left is sealed a second later. */
const batches = 20;
const anchorEveryMs = 60_000;

/** Seals every second. Once a minute, when the chain has grown, its head goes into the log: an anchor outside of the database. */
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
      for (let turn = 1; turn <= batches && !signal.aborted; turn += 1) {
        const result = await sealBatch(db, batch);
        if (result === 'another instance is at it') return;
        logHead(result.head);
        if (result.sealed < batch) return;
      }
    },
    logger,
  );
}

export interface Verification {
  readonly status: 'intact' | 'broken';
  /** Entries of the log, sealed or not. */
  readonly entries: number;
  /** Entries without a seal: those of the last second, or ones that came in past the service. */
  readonly unsealed: number;
  readonly head: ChainPoint;
  readonly firstBroken: Break | null;
}

export interface VerificationOptions {
  /** A point of the chain that was kept outside of the database. */
  readonly anchor?: ChainPoint | undefined;
  /** Ends the walk early, when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Rows per query; 1,000 when absent. */
  readonly batch?: number;
}

/**
 * Walks the whole chain and the whole log, in bounded queries, up to the head it has now.
 * @throws the signal's reason when it is aborted.
 */
export async function verifyAuditLog(db: Database, options: VerificationOptions): Promise<Verification> {
  const { anchor } = options;
  const head = await readHead(db);
  const counts = await countEntries(db, options);
  let firstBroken = await firstBreak(db, head, options);
  if (anchor) {
    const [there] = await db.select().from(auditSeals).where(eq(auditSeals.position, anchor.position));
    const against = anchorBreak(anchor, there?.hash);
    if (against && (!firstBroken || against.position < firstBroken.position)) firstBroken = against;
  }
  return { status: firstBroken ? 'broken' : 'intact', ...counts, head, firstBroken: firstBroken ?? null };
}

async function firstBreak(
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
    const { to, broken } = followChain(reached, links);
    if (broken) return broken;
    if (links.length === 0) return missingSeal(reached.position + 1);
    reached = to;
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
