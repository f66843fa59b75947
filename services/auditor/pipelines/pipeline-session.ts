// The auditor's session on one database: it reads the slot, sends canaries, and competes for an advisory lock. The auditor whose
// session has the lock is the leader, and only the leader restarts the connector. Every check queries the lock in the session, so
// an auditor with a hanging session is not the leader. The server ends a session after `idleTimeoutMs` without a query or without a
// reachable client; then another auditor gets the lock. If two auditors lead for a short time, a connector may be restarted twice,
// which does no harm.
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { z } from 'zod';
import { fetchTypes, sessionSettings, type Database } from '../../platform/database/database.ts';
import type { Trust } from '../../platform/process/security/pem.ts';
import type { SlotFinding } from '../domain/pipeline.ts';
import { judgeSlot, readSlot, type SlotFacts } from './slot-health.ts';

export interface DatabaseStatus {
  /** Whether this session has the lock. */
  readonly leads: boolean;
  /** Whether the role of the connector may write its heartbeat. */
  readonly heartbeatAllowed: boolean;
  /** Number of rows, estimated from the server's statistics. */
  readonly outboxRows: number;
  readonly outboxBytes: number;
  /** Null when the outbox is empty. */
  readonly outboxOldestSeconds: number | null;
  readonly parkedDeadLetters: number;
}

export interface PipelineSession {
  readonly readSlot: () => Promise<SlotFacts & { readonly findings: readonly SlotFinding[] }>;
  readonly readStatus: () => Promise<DatabaseStatus>;
  readonly sendCanary: (id: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

interface PipelineNames {
  readonly service: string;
  readonly slot: string;
  readonly cdcRole: string;
}

const answerTimeoutMs = 4_000;
const idleTimeoutMs = 20_000;
const lock = { space: 0x6f66, key: 1 };

const statusRow = z.object({
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
      fetch_types: fetchTypes,
      connection: {
        ...sessionSettings,
        application_name: 'auditor pipelines',
        statement_timeout: 3_000,
        lock_timeout: 1_000,
        idle_session_timeout: idleTimeoutMs,
        tcp_keepalives_idle: 5,
        tcp_keepalives_interval: 5,
        tcp_keepalives_count: 3,
        tcp_user_timeout: idleTimeoutMs,
      },
    });
    return { client, db: drizzle(client) };
  };

  let session: ReturnType<typeof open> | undefined;

  /** A session that does not answer in time is closed, which releases its lock; the next call opens a new session. */
  const query = async <T>(run: (db: Database) => Promise<T>): Promise<T> => {
    session ??= open();
    const current = session;
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      if (session === current) session = undefined;
      void current.client.end({ timeout: 0 });
      timeout.reject(new Error(`no answer within ${answerTimeoutMs / 1_000} s`));
    }, answerTimeoutMs);
    try {
      return await Promise.race([run(current.db), timeout.promise]);
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    readSlot: async () => {
      const facts = await query((db) => readSlot(db, slot));
      return { ...facts, findings: judgeSlot(service, facts) };
    },
    readStatus: async () => {
      const [found] = await query((db) =>
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
      const { heartbeatAllowed, outboxRows, ...rest } = statusRow.parse(found);
      return { ...rest, heartbeatAllowed: heartbeatAllowed === true, outboxRows: outboxRows ?? 0 };
    },
    sendCanary: async (id) => {
      await query((db) => db.execute(sql`select emit_canary(${id}::uuid)`));
    },
    close: async () => {
      await session?.client.end({ timeout: 2 });
      session = undefined;
    },
  };
}
