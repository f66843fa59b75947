// Retention deletes old rows, in small transactions that block no other transaction for long. Each transaction takes an advisory
// lock, so that only one instance deletes at a time and a crashed instance leaves no lock. Inbox rows are kept longer than outbox
// rows: as long as an event can be published again, consumers must recognise it. The audit log is never deleted: a hash chain
// without its beginning proves nothing.
import { sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import type { RetentionConfig } from '../process/settings/retention-settings.ts';
import type { Database } from './database.ts';
import type { Logger } from '../process/logger.ts';
import { isTransient } from './transient.ts';
import { messageOf } from '../process/message-of.ts';
import { pause } from '../process/retry.ts';
import { every, type Timer } from '../process/timer.ts';

export interface RetentionOptions {
  readonly db: Database;
  readonly logger: Logger;
  readonly config: RetentionConfig;
  /** The replication slot that the outbox is read from. */
  readonly slot: string;
  /** Rows per transaction; 500 when absent. */
  readonly batch?: number;
  /** Transactions per table and run; 1,000 when absent. */
  readonly batches?: number;
}

type Table = 'idempotencyKeys' | 'deadLetters' | 'inbox' | 'outbox';

export interface RetentionReport {
  readonly deleted: Readonly<Record<Table, number>>;
  /** Why the run deleted nothing, or stopped early. */
  readonly refused?: string;
  /** True when due rows may be left because the limit of a run was reached or the run was aborted. */
  readonly more: boolean;
  /**
   * For each table in which an error left due rows: the last error. After a transient error, or when more than `maximumPassed`
   * rows have failed, the run leaves the other rows of the table too.
   */
  readonly failed?: Readonly<Partial<Record<Table, string>>>;
}

const hourMs = 3_600_000;
const betweenBatchesMs = 20;
/** When more rows of a table than this cannot be deleted, the run continues with the next table. */
const maximumPassed = 20;
const elsewhere = 'another instance is deleting';

const deletedRow = z.object({ deleted: z.int(), refused: z.string().nullable() });

/** One run at `now`. Ends early when another instance is deleting, the database refuses, or `signal` is aborted. */
export async function runRetention(
  options: RetentionOptions,
  now: Date,
  signal: AbortSignal,
): Promise<RetentionReport> {
  const { db, config, slot, batch = 500, batches = 1_000 } = options;
  const before = (hours: number): string => new Date(now.getTime() - hours * hourMs).toISOString();
  const beforeDays = (wholeDays: number): string => before(wholeDays * 24);

  /** Deletes up to `limit` of the oldest due rows of a table, except the first `passed` rows. */
  const statements: Record<Table, (limit: number, passed: number) => SQL> = {
    idempotencyKeys: (limit, passed) => sql`
      with gone as (delete from idempotency_keys where (scope, key) in (
        select scope, key from idempotency_keys where created_at < ${before(config.idempotencyKeyHours)}
        order by created_at limit ${limit} offset ${passed} for update skip locked) returning 1)
      select count(*)::int as deleted, null::text as refused from gone`,
    deadLetters: (limit, passed) => sql`
      with gone as (delete from dead_letters where id in (
        select id from dead_letters
        where state <> 'parked' and settled_at < ${beforeDays(config.deadLetterRetentionDays)}
        order by settled_at limit ${limit} offset ${passed} for update skip locked) returning 1)
      select count(*)::int as deleted, null::text as refused from gone`,
    // The event of a parked dead letter may be replayed, so its inbox row stays for as long as the dead letter is parked.
    inbox: (limit, passed) => sql`
      with gone as (delete from processed_events where (consumer, event_id) in (
        select p.consumer, p.event_id from processed_events p
        where p.processed_at < ${beforeDays(config.inboxRetentionDays)} and not exists (
          select from dead_letters d
          where d.state = 'parked' and d.consumer = p.consumer and d.event_id = p.event_id::text)
        order by p.processed_at limit ${limit} offset ${passed} for update skip locked) returning 1)
      select count(*)::int as deleted, null::text as refused from gone`,
    // The function refuses an instant within the last day of the database's clock. The clock of this process may be ahead of it.
    outbox: (limit, passed) => sql`
      select deleted, refused from delete_published_outbox_rows(
        ${slot}, least(${beforeDays(config.outboxRetentionDays)}, now() - interval '1 day'), ${limit}, ${passed})`,
  };

  /** One small transaction. */
  const deleteBatch = (statement: SQL): Promise<z.infer<typeof deletedRow>> =>
    db.transaction(async (tx) => {
      const [lock] = await tx.execute<{ locked: boolean }>(
        sql`select pg_try_advisory_xact_lock(hashtextextended('retention', 0)) as locked`,
      );
      if (lock?.locked !== true) return { deleted: 0, refused: elsewhere };
      const [row] = await tx.execute(statement);
      return deletedRow.parse(row);
    });

  const deleted = { idempotencyKeys: 0, deadLetters: 0, inbox: 0, outbox: 0 };
  const failed = new Map<Table, string>();
  const report = (more: boolean, refused?: string): RetentionReport => ({
    deleted,
    more,
    ...(refused === undefined ? {} : { refused }),
    ...(failed.size > 0 ? { failed: Object.fromEntries(failed) } : {}),
  });
  let more = false;
  for (const table of ['idempotencyKeys', 'deadLetters', 'inbox', 'outbox'] as const) {
    let limit = batch;
    let passed = 0;
    for (let turn = 1; ; turn += 1) {
      if (signal.aborted) return report(true, 'the service is being stopped');
      try {
        const result = await deleteBatch(statements[table](limit, passed));
        deleted[table] += result.deleted;
        if (result.refused !== null) return report(more, result.refused);
        if (passed === 0) failed.delete(table);
        if (result.deleted < limit) break;
        limit = Math.min(batch, limit * 10);
      } catch (error) {
        failed.set(table, messageOf(error));
        // This run continues with the other tables, and the next run retries this table.
        if (isTransient(error) || passed === maximumPassed) break;
        // Smaller batches find the row that cannot be deleted; later batches begin after it.
        if (limit > 1) limit = Math.ceil(limit / 10);
        else passed += 1;
      }
      if (turn >= batches) {
        more = true;
        break;
      }
      await pause(betweenBatchesMs, signal);
    }
  }
  return report(more);
}

/** Runs immediately, and again `config.retentionSeconds` after the end of each run. Each run writes one line to the log. */
export const startRetention = (options: RetentionOptions): Timer =>
  every(
    options.config.retentionSeconds * 1_000,
    'retention',
    async (signal) => {
      const report = await runRetention(options, new Date(), signal);
      const quiet =
        report.failed === undefined && (report.refused === undefined || report.refused === elsewhere);
      options.logger[quiet ? 'info' : 'warn']('retention', { ...report });
    },
    options.logger,
  );
