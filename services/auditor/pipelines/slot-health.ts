// Reads and judges the replication slot of an outbox. The state in Connect is not enough: a task stays RUNNING for up to half an
// hour while Debezium waits for an invalidated slot. It stays RUNNING for ever when the slot is valid but retains more and more
// WAL. Reading and judging are separate, so that every judgement can be tested without a server.
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database } from '../../platform/database/database.ts';
import type { SlotFinding, SlotProblem } from '../domain/pipeline.ts';

export interface SlotState {
  /** `pgoutput`, unless the slot was created by hand; null for a physical slot. */
  readonly plugin: string | null;
  readonly database: string | null;
  /** Whether a connection is reading the slot. */
  readonly active: boolean;
  /** How long the slot has been inactive; null while it is active. */
  readonly inactiveMs: number | null;
  /** `reserved`, `extended`, `unreserved` or `lost`. */
  readonly walStatus: string | null;
  /** Why the server has invalidated the slot; null while it is valid. */
  readonly invalidation: string | null;
  /** WAL that may still be written before the slot is in danger; null without a limit, or when the slot is invalidated. */
  readonly safeBytes: number | null;
  /** All changes up to this position were delivered. */
  readonly confirmedLsn: string | null;
  /** WAL since `confirmedLsn`: it is not delivered yet, or irrelevant to the outbox and not yet confirmed. */
  readonly lagBytes: number | null;
  /** WAL that the server retains for the slot. */
  readonly retainedBytes: number | null;
  /** Whether the slot may be synchronised to standbys. */
  readonly failover: boolean;
}

export interface SlotFacts {
  readonly slot: string;
  /** Null when the slot does not exist. */
  readonly state: SlotState | null;
  /** `max_slot_wal_keep_size`; null when unlimited. */
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

/** Works for any role. Needs PostgreSQL 17 or newer. */
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

export const slotLimits = {
  /** Longer than a restart of the connector and its worker. */
  unreadMs: 60_000,
  /** The same lag at which retention stops deleting outbox rows. */
  lagBytes: 64 * 1024 * 1024,
  /** The minimum remaining share of `max_slot_wal_keep_size`. */
  safeShare: 0.2,
};

const mebibytes = (bytes: number): string => `${Math.round(bytes / (1024 * 1024))} MiB`;

const finding = (
  problem: SlotProblem,
  sentence: string,
  remedy: string,
  level: SlotFinding['level'] = 'broken',
): SlotFinding => ({ problem, level, sentence, remedy });

/** The problems of the slot of a service, `broken` before `warning`. A missing or invalidated slot has only that problem. */
export function judgeSlot(service: string, { slot, state, keepBytes }: SlotFacts): readonly SlotFinding[] {
  const recover = `npm run recover -- ${service}, see connectors/runbooks/slot-lost.md`;
  if (state === null)
    return [
      finding(
        'missing',
        `There is no replication slot ${slot}: events that are committed now are not published.`,
        recover,
      ),
    ];
  if (state.walStatus === 'lost' || state.invalidation !== null)
    return [
      finding(
        'lost',
        `The replication slot ${slot} is invalidated (${state.invalidation ?? 'wal_removed'}): events are missing from the topic, and no further events are published.`,
        recover,
      ),
    ];

  const findings: SlotFinding[] = [];
  const { safeBytes, inactiveMs, lagBytes } = state;
  if (
    state.walStatus === 'unreserved' ||
    (keepBytes !== null && safeBytes !== null && safeBytes < keepBytes * slotLimits.safeShare)
  )
    findings.push(
      finding(
        'endangered',
        `The replication slot ${slot} will soon be invalidated: only ${mebibytes(Math.max(safeBytes ?? 0, 0))} more WAL may be written.`,
        'Start its connector (npm run connectors -- status), or raise max_slot_wal_keep_size immediately.',
      ),
    );
  if (state.plugin !== 'pgoutput')
    findings.push(
      finding(
        'wrong_plugin',
        `The replication slot ${slot} has ${state.plugin === null ? 'no plugin (it is a physical slot)' : `the plugin ${state.plugin}`} instead of pgoutput, so no connector can read it.`,
        recover,
      ),
    );
  if (!state.active && (inactiveMs === null || inactiveMs > slotLimits.unreadMs))
    findings.push(
      finding(
        'unread',
        `No connector has read the replication slot ${slot}${inactiveMs === null ? '' : ` for ${Math.round(inactiveMs / 1000)} s`}: events wait in the WAL.`,
        'npm run connectors -- status, see connectors/runbooks/connector-failed.md',
      ),
    );
  if (lagBytes !== null && lagBytes > slotLimits.lagBytes)
    findings.push(
      finding(
        'lagging',
        `The replication slot ${slot} is ${mebibytes(lagBytes)} behind.`,
        'If the connector is running, check its heartbeat and its topic: npm run doctor. Otherwise: npm run connectors -- status.',
      ),
    );
  if (keepBytes === null)
    findings.push(
      finding(
        'unbounded',
        `The WAL that ${slot} may retain is not limited: if the connector stays down, the disk fills up.`,
        'Set max_slot_wal_keep_size to a size for which the disk has room.',
        'warning',
      ),
    );
  if (!state.failover)
    findings.push(
      finding(
        'no_failover',
        `The replication slot ${slot} does not survive a failover: it is not synchronised to standbys.`,
        `Create it again with failover = true: npm run recover -- ${service}`,
        'warning',
      ),
    );
  return findings;
}
