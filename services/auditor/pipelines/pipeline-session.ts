// One session per database: asks the slot, sends the canary, and holds the lead over the pipeline's connector as an advisory
// lock of the session, so of several auditors one restarts it. The lead is lost with the session, and every look asks the
// session itself whether it still leads: one that hangs does not answer, so it leads nothing. The server ends a session that
// is silent for `silentMs`, or whose peer is gone for as long, and with it the lock: then the next auditor leads. Should two
// lead for a moment, a connector is restarted twice, which does no harm.
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { z } from 'zod';
import type { Database } from '../../platform/database/database.ts';
import type { Trust } from '../../platform/process/security/pem.ts';
import { judgeSlot, readSlot, type SlotFacts, type SlotFinding } from './slot-health.ts';

export interface Surroundings {
  /** Whether this session leads, see above. */
  readonly leads: boolean;
  /** Whether the role of the connector may write its heartbeat. */
  readonly heartbeatAllowed: boolean;
  /** As the server's statistics estimate them. */
  readonly outboxRows: number;
  readonly outboxBytes: number;
  /** Age of the oldest row; null when there is none. */
  readonly outboxOldestSeconds: number | null;
  readonly parkedDeadLetters: number;
}

export interface PipelineSession {
  readonly slot: () => Promise<SlotFacts & { readonly findings: readonly SlotFinding[] }>;
  readonly surroundings: () => Promise<Surroundings>;
  readonly sendCanary: (id: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface PipelineNames {
  readonly service: string;
  readonly slot: string;
  readonly cdcRole: string;
}

const answerWithinMs = 4_000;
const silentMs = 20_000;
/** The lock: who holds it restarts the connector that reads this database. */
const lock = { space: 0x6f66, key: 1 };

const surroundingsRow = z.object({
  leads: z.boolean(),
  heartbeatAllowed: z.boolean().nullable(),
  outboxRows: z.number().nullable(),
  outboxBytes: z.number(),
  outboxOldestSeconds: z.number().nullable(),
  parkedDeadLetters: z.number(),
});

export function openPipelineSession(
  url: string,
  { service, slot, cdcRole }: PipelineNames,
  tls: Trust = false,
): PipelineSession {
  const open = (): { readonly client: postgres.Sql; readonly db: Database } => {
    const client = postgres(url, {
      ssl: tls,
      max: 1,
      connect_timeout: 3,
      max_lifetime: null,
      backoff: () => 0.5,
      onnotice: () => undefined,
      connection: {
        application_name: 'auditor pipelines',
        statement_timeout: 3_000,
        lock_timeout: 1_000,
        idle_session_timeout: silentMs,
        tcp_keepalives_idle: 5,
        tcp_keepalives_interval: 5,
        tcp_keepalives_count: 3,
        tcp_user_timeout: silentMs,
      },
    });
    return { client, db: drizzle(client) };
  };

  let session: ReturnType<typeof open> | undefined;

  /** A session that does not answer in time is given up, and its lead with it; the next question opens another. */
  const ask = async <T>(question: (db: Database) => Promise<T>): Promise<T> => {
    session ??= open();
    const asked = session;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      if (session === asked) session = undefined;
      void asked.client.end({ timeout: 0 });
      late.reject(new Error(`no answer within ${answerWithinMs / 1_000} s`));
    }, answerWithinMs);
    try {
      return await Promise.race([question(asked.db), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    slot: async () => {
      const facts = await ask((db) => readSlot(db, slot));
      return { ...facts, findings: judgeSlot(service, facts) };
    },
    surroundings: async () => {
      const [found] = await ask((db) =>
        db.execute(sql`
          select case when exists (
                   select from pg_locks where locktype = 'advisory' and granted and pid = pg_backend_pid()
                     and classid = ${lock.space} and objid = ${lock.key} and objsubid = 2) then true
                 else pg_try_advisory_lock(${lock.space}, ${lock.key}) end as leads,
                 (select has_function_privilege(
                           oid, 'pg_catalog.pg_logical_emit_message(boolean, text, text, boolean)', 'execute')
                  from pg_roles where rolname = ${cdcRole}) as "heartbeatAllowed",
                 (select n_live_tup::float8 from pg_stat_user_tables
                  where relid = 'public.outbox'::regclass) as "outboxRows",
                 pg_total_relation_size('public.outbox')::float8 as "outboxBytes",
                 extract(epoch from now() - (
                   select occurred_at from outbox order by occurred_at limit 1))::float8 as "outboxOldestSeconds",
                 (select count(*)::int from dead_letters where state = 'parked') as "parkedDeadLetters"`),
      );
      const { heartbeatAllowed, outboxRows, ...rest } = surroundingsRow.parse(found);
      return { ...rest, heartbeatAllowed: heartbeatAllowed === true, outboxRows: outboxRows ?? 0 };
    },
    sendCanary: async (id) => {
      await ask((db) => db.execute(sql`select emit_canary(${id}::uuid)`));
    },
    close: async () => {
      await session?.client.end({ timeout: 2 });
      session = undefined;
    },
  };
}
