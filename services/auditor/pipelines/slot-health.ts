// What the replication slot of an outbox says of itself, and what that means. Connect's word is not enough: a task stays
// RUNNING for half an hour while Debezium waits in silence for a slot that is lost, and for ever while a slot only grows.
// Reading and judging are apart, so that every case of the judgement is tested without a server.
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database } from '../../platform/database/database.ts';

export interface SlotState {
  /** `pgoutput`, unless somebody made the slot by hand. */
  readonly plugin: string | null;
  readonly database: string | null;
  /** Whether somebody reads it at this moment. */
  readonly active: boolean;
  /** How long nobody has; null while somebody does. */
  readonly inactiveMs: number | null;
  /** `reserved`, `extended`, `unreserved` or `lost`. */
  readonly walStatus: string | null;
  /** Why the server has given it up, null while it has not. */
  readonly invalidation: string | null;
  /** WAL that can still be written before it is in danger; null when nothing bounds it, or when it is lost. */
  readonly safeBytes: number | null;
  /** Up to here everything was delivered. */
  readonly confirmedLsn: string | null;
  /** WAL written since then: not delivered, or of no interest to the outbox and not yet confirmed. */
  readonly lagBytes: number | null;
  /** WAL that it keeps on the disk. */
  readonly retainedBytes: number | null;
  /** Whether a standby keeps a copy of it. */
  readonly failover: boolean;
}

export interface SlotFacts {
  readonly slot: string;
  /** Null: there is no such slot. */
  readonly state: SlotState | null;
  /** `max_slot_wal_keep_size`; null: without a bound. */
  readonly keepBytes: number | null;
}

const row = z.object({
  keepBytes: z.number().nullable(),
  exists: z.boolean(),
  plugin: z.string().nullable(),
  database: z.string().nullable(),
  active: z.boolean().nullable(),
  inactiveMs: z.number().nullable(),
  walStatus: z.string().nullable(),
  invalidation: z.string().nullable(),
  safeBytes: z.number().nullable(),
  confirmedLsn: z.string().nullable(),
  lagBytes: z.number().nullable(),
  retainedBytes: z.number().nullable(),
  failover: z.boolean().nullable(),
});

/** One look at a slot; any role may. Needs PostgreSQL 17 or newer. */
export async function readSlot(db: Pick<Database, 'execute'>, slot: string): Promise<SlotFacts> {
  const [found] = await db.execute(sql`
    select (select case when setting::int < 0 then null else setting::float8 * 1048576 end
            from pg_settings where name = 'max_slot_wal_keep_size') as "keepBytes",
           s.slot_name is not null as exists, s.plugin, s.database, s.active,
           case when s.active then null
                else greatest(extract(epoch from now() - s.inactive_since) * 1000, 0)::float8 end as "inactiveMs",
           s.wal_status as "walStatus", s.invalidation_reason as invalidation, s.safe_wal_size::float8 as "safeBytes",
           s.confirmed_flush_lsn::text as "confirmedLsn",
           pg_wal_lsn_diff(pg_current_wal_lsn(), s.confirmed_flush_lsn)::float8 as "lagBytes",
           pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::float8 as "retainedBytes", s.failover
    from (select) one left join pg_replication_slots s on s.slot_name = ${slot}`);
  const { keepBytes, exists, active, failover, ...state } = row.parse(found);
  return {
    slot,
    keepBytes,
    state: exists ? { ...state, active: active === true, failover: failover === true } : null,
  };
}

export type SlotProblem =
  'missing' | 'lost' | 'endangered' | 'wrong_plugin' | 'unread' | 'lagging' | 'unbounded' | 'no_failover';

export interface SlotFinding {
  readonly problem: SlotProblem;
  /** `broken`: events are missing or will be; `warning`: nothing is, but the next fault may cost some. */
  readonly level: 'broken' | 'warning';
  readonly sentence: string;
  readonly remedy: string;
}

export interface SlotLimits {
  /** Longer than a restart of the connector and its worker takes. */
  readonly unreadMs: number;
  /** Where retention of the outbox stops as well. */
  readonly lagBytes: number;
  /** What has to be left of `max_slot_wal_keep_size`. */
  readonly safeShare: number;
}
export const slotLimits: SlotLimits = { unreadMs: 60_000, lagBytes: 64 * 1024 * 1024, safeShare: 0.2 };

const mebibytes = (bytes: number): string => `${Math.round(bytes / (1024 * 1024))} MiB`;

/** Everything that is wrong with the slot of a service, the worst first; empty when nothing is. */
export function judgeSlot(
  service: string,
  facts: SlotFacts,
  limits: SlotLimits = slotLimits,
): readonly SlotFinding[] {
  const { slot, state, keepBytes } = facts;
  const recover = `npm run recover -- ${service}, see connectors/runbooks/slot-lost.md`;
  if (state === null)
    return [
      {
        problem: 'missing',
        level: 'broken',
        sentence: `There is no replication slot ${slot}: what is committed now is not published.`,
        remedy: recover,
      },
    ];
  if (state.walStatus === 'lost' || state.invalidation !== null)
    return [
      {
        problem: 'lost',
        level: 'broken',
        sentence: `The replication slot ${slot} is lost (${state.invalidation ?? 'wal_removed'}): events are missing from the topic, and nothing follows them.`,
        remedy: recover,
      },
    ];

  const findings: SlotFinding[] = [];
  const { safeBytes, inactiveMs, lagBytes } = state;
  if (
    state.walStatus === 'unreserved' ||
    (keepBytes !== null && safeBytes !== null && safeBytes < keepBytes * limits.safeShare)
  )
    findings.push({
      problem: 'endangered',
      level: 'broken',
      sentence: `The replication slot ${slot} is about to be lost: ${mebibytes(Math.max(safeBytes ?? 0, 0))} more WAL may be written.`,
      remedy: 'Start what reads it (npm run connectors -- status), or raise max_slot_wal_keep_size at once.',
    });
  if (state.plugin !== 'pgoutput')
    findings.push({
      problem: 'wrong_plugin',
      level: 'broken',
      sentence: `The replication slot ${slot} has the plugin ${state.plugin ?? 'of a physical slot'} instead of pgoutput, so no connector can read it.`,
      remedy: recover,
    });
  if (!state.active && (inactiveMs === null || inactiveMs > limits.unreadMs))
    findings.push({
      problem: 'unread',
      level: 'broken',
      sentence: `Nobody reads the replication slot ${slot}${inactiveMs === null ? '' : `, for ${Math.round(inactiveMs / 1000)} s`}: events wait in the WAL.`,
      remedy: 'npm run connectors -- status, see connectors/runbooks/connector-failed.md',
    });
  if (lagBytes !== null && lagBytes > limits.lagBytes)
    findings.push({
      problem: 'lagging',
      level: 'broken',
      sentence: `The replication slot ${slot} is ${mebibytes(lagBytes)} behind.`,
      remedy:
        'If the connector runs, its heartbeat or its topic does not: npm run doctor. Otherwise npm run connectors -- status.',
    });
  if (keepBytes === null)
    findings.push({
      problem: 'unbounded',
      level: 'warning',
      sentence: `Nothing bounds the WAL that ${slot} may hold back: a connector that stays away fills the disk.`,
      remedy: 'Set max_slot_wal_keep_size to what the disk can spare.',
    });
  if (!state.failover)
    findings.push({
      problem: 'no_failover',
      level: 'warning',
      sentence: `The replication slot ${slot} does not survive a failover: no standby keeps a copy.`,
      remedy: `Make it anew with failover = true: npm run recover -- ${service}`,
    });
  return findings;
}
