// Measures how a pipeline drains a backlog. Rows are written while the connector is stopped; then the connector is resumed. The
// report has the drain rate, the memory of Connect, and whether the slot was lost. Each row is inserted and deleted in one
// transaction and published to the canary topic, like a canary. So the connector does the same work as for real events, but
// consumers, audit and retention never see the rows.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { callConnect } from '../../services/auditor/pipelines/connect-rest.ts';
import { until } from '../stack/supervise/deadline.ts';
import { stackOf } from '../operator/environment.ts';
import { failure } from '../../schemas/tools/failure.ts';
import { services } from '../stack/topology.ts';
import { readMemory } from './processes.ts';
import { runningSystem } from './system.ts';

interface BacklogSample {
  readonly second: number;
  readonly lagMiB: number;
  /** Resident memory of Connect. */
  readonly rssMiB: number;
  /** Used heap of Connect from its own metrics, garbage included. */
  readonly heapMiB: number;
}

interface BacklogReport {
  readonly rows: number;
  readonly payloadBytes: number;
  readonly writtenInSeconds: number;
  readonly walMiB: number;
  readonly drainedInSeconds: number;
  readonly rowsPerSecond: number;
  readonly lost: boolean;
  readonly rss: { readonly before: number; readonly most: number; readonly end: number };
  readonly samples: readonly BacklogSample[];
}

interface Backlog {
  readonly rows: number;
  readonly payloadBytes: number;
  readonly say: (line: string) => void;
}

const { connector, database } = services.payment;
const rowsPerBatch = 20_000;
const drainWithinMs = 60 * 60_000;

const mebibytes = (bytes: number): number => Math.round(bytes / (1024 * 1024));

const residentMiB = (): number => {
  const { connect } = readMemory(runningSystem());
  if (connect === undefined) throw failure('Kafka Connect is not running; run npm start first');
  return connect;
};

/** MiB of heap that Connect uses; NaN when Connect does not answer in time. */
const heapMiB = async (metricsPort: number): Promise<number> => {
  try {
    const signal = AbortSignal.timeout(5_000);
    const text = await (await fetch(`http://127.0.0.1:${String(metricsPort)}/metrics`, { signal })).text();
    return mebibytes(Number(/^jvm_memory_used_bytes\{area="heap",?\} (\S+)$/m.exec(text)?.[1]));
  } catch {
    return NaN;
  }
};

/** Writes a backlog, lets it drain and reports the drain. Throws a failure when the backlog cannot be measured. */
export const benchBacklog = async ({ rows, payloadBytes, say }: Backlog): Promise<BacklogReport> => {
  const { urls, ports, databaseUrl } = stackOf(process.env);
  const url = `${urls.connect}/connectors/${connector}`;
  const setConnector = async (action: 'stop' | 'resume'): Promise<void> => {
    await until({ what: `the connector to ${action}`, withinMs: 30_000, everyMs: 500 }, async () => {
      const { status } = await callConnect(`${url}/${action}`, { method: 'PUT' });
      return status < 300;
    });
  };
  const sql = postgres(databaseUrl('payment', 'admin'), {
    max: 1,
    connect_timeout: 5,
    onnotice: () => undefined,
    connection: { synchronous_commit: 'off' },
  });
  const slot = async () => {
    const [row] = await sql<{ active: boolean; status: string | null; lag: number | null }[]>`
      select active, wal_status as status, pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::float8 as lag
      from pg_replication_slots where slot_name = ${database.slot}`;
    if (row === undefined)
      throw failure(`there is no replication slot ${database.slot}; npm run recover -- payment creates it`);
    return row;
  };
  /** The current WAL position. */
  const position = async (): Promise<string> => {
    const [row] = await sql<{ lsn: string }[]>`select pg_current_wal_lsn()::text as lsn`;
    return row?.lsn ?? '0/0';
  };
  const isConfirmed = async (lsn: string): Promise<boolean> => {
    const [row] = await sql<{ done: boolean }[]>`
      select confirmed_flush_lsn >= ${lsn}::pg_lsn as done from pg_replication_slots where slot_name = ${database.slot}`;
    return row?.done === true;
  };

  /** The statement that restores `max_slot_wal_keep_size`; undefined before this limit is changed. */
  let keepSize: string | undefined;
  try {
    await sql`select 1`.catch(() => {
      throw failure('the database of the payment service does not answer; run npm start first');
    });
    await slot();
    // The WAL of the backlog exceeds max_slot_wal_keep_size of a local stack, which would invalidate the slot.
    const [keep] = await sql<{ value: string; altered: boolean | null }[]>`
      select current_setting(name) as value, sourcefile like '%postgresql.auto.conf' as altered
      from pg_settings where name = 'max_slot_wal_keep_size'`;
    keepSize =
      keep?.altered === true
        ? `alter system set max_slot_wal_keep_size = '${keep.value}'`
        : 'alter system reset max_slot_wal_keep_size';
    await sql`alter system set max_slot_wal_keep_size = '-1'`;
    await sql`select pg_reload_conf()`;
    const before = residentMiB();
    await setConnector('stop');
    await until(
      { what: 'the slot to become inactive', withinMs: 30_000 },
      async () => !(await slot()).active,
    );

    const writing = performance.now();
    const start = await position();
    const id = randomUUID();
    for (let written = 0; written < rows; written += rowsPerBatch) {
      const count = Math.min(rowsPerBatch, rows - written);
      // One transaction per row, as a service writes them.
      await sql.unsafe(`
        do $$
        declare
          payload bytea := '\\x0000000000'::bytea || decode(repeat('5a', ${String(payloadBytes - 5)}), 'hex');
          row_id uuid;
        begin
          for n in 1..${String(count)} loop
            row_id := gen_random_uuid();
            insert into outbox (id, aggregate_type, aggregate_id, event_type, schema_id, payload, correlation_id, causation_id,
              traceparent, occurred_at)
            values (row_id, 'outbox-canary', 'backlog-' || n % 1000, 'backlog', 0, payload, '${id}', '${id}',
              '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', clock_timestamp());
            delete from outbox where id = row_id;
            commit;
          end loop;
        end $$`);
    }
    const end = await position();
    const writtenInSeconds = (performance.now() - writing) / 1_000;
    const [wal] = await sql<{ bytes: number }[]>`
      select pg_wal_lsn_diff(${end}::pg_lsn, ${start}::pg_lsn)::float8 as bytes`;
    const walMiB = mebibytes(wal?.bytes ?? 0);
    say(
      `${rows} rows of ${payloadBytes} bytes written in ${writtenInSeconds.toFixed(0)} s, ${walMiB} MiB of WAL`,
    );

    const draining = performance.now();
    const samples: BacklogSample[] = [];
    const sample = async (): Promise<void> => {
      const [{ lag }, heap] = await Promise.all([slot(), heapMiB(ports.connectMetrics)]);
      const rssMiB = residentMiB();
      const second = Math.round((performance.now() - draining) / 1_000);
      const seen = { second, lagMiB: mebibytes(lag ?? 0), rssMiB, heapMiB: heap };
      samples.push(seen);
      say(
        `${String(second).padStart(5)} s   ${String(seen.lagMiB).padStart(5)} MiB behind   Connect: ${rssMiB} MiB resident, ${seen.heapMiB} MiB heap`,
      );
    };
    await setConnector('resume');
    let lost = false;
    while (!(await isConfirmed(end))) {
      if (performance.now() - draining > drainWithinMs)
        throw failure('the backlog did not drain within an hour');
      lost = (await slot()).status === 'lost';
      if (lost) break;
      await sample();
      await delay(5_000);
    }
    const drainedInSeconds = (performance.now() - draining) / 1_000;
    await sample();
    const sizes = samples.map(({ rssMiB }) => rssMiB);
    return {
      rows,
      payloadBytes,
      writtenInSeconds: Math.round(writtenInSeconds),
      walMiB,
      drainedInSeconds: Math.round(drainedInSeconds),
      rowsPerSecond: Math.round(rows / drainedInSeconds),
      lost,
      rss: { before, most: Math.max(before, ...sizes), end: sizes.at(-1) ?? before },
      samples,
    };
  } finally {
    await setConnector('resume').catch(() => undefined);
    if (keepSize !== undefined) await sql.unsafe(keepSize).catch(() => undefined);
    await sql`select pg_reload_conf()`.catch(() => undefined);
    await sql.end({ timeout: 5 });
  }
};
