// The journey of one order, read from what the databases keep anyway: the outbox says when an event was committed, the
// inboxes say when Kafka took it and when each consumer's transaction with its effects was committed. All clocks are
// those of one machine, so the differences are the latencies of the pipeline.
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAs, type Login } from './postgres.ts';
import { serviceNames, type ServiceName } from './topology.ts';

export interface Consumption {
  readonly consumer: string;
  /** Milliseconds since the epoch, like all times here. */
  readonly committedAt: number;
  readonly outcome: string;
}

export interface Hop {
  readonly eventType: string;
  readonly emittedBy: ServiceName;
  readonly committedAt: number;
  /** Unknown until somebody has consumed the event. */
  readonly publishedAt: number | undefined;
  readonly consumptions: readonly Consumption[];
}

const ms = (value: number): string => `${String(Math.round(value))} ms`;

/** One line per event and consumer: when it was committed, and how long it took to be published and to take effect. */
export const formatJourney = (hops: readonly Hop[]): string[] => {
  const start = Math.min(...hops.map(({ committedAt }) => committedAt));
  const rows = [...hops]
    .sort((a, b) => a.committedAt - b.committedAt)
    .flatMap((hop) => {
      const published =
        hop.publishedAt === undefined ? '–' : `+${ms(Math.max(0, hop.publishedAt - hop.committedAt))}`;
      const first = [hop.eventType, hop.emittedBy, ms(hop.committedAt - start), published];
      const consumed = [...hop.consumptions]
        .sort((a, b) => a.committedAt - b.committedAt)
        .map(({ consumer, committedAt, outcome }) => [
          `+${ms(Math.max(0, committedAt - hop.committedAt))}`,
          `${consumer.replace(/-service-group$/, '')}${outcome.startsWith('ignored') ? ` (${outcome})` : ''}`,
        ]);
      if (consumed.length === 0) return [[...first, '–', 'nobody yet']];
      return consumed.map((cells, index) => [...(index === 0 ? first : ['', '', '', '']), ...cells]);
    });
  const table = [['event', 'from', 'committed at', 'published', 'consumed', 'by'], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length))) ?? [];
  // Numbers to the right, words to the left.
  const isNumber = [false, false, true, true, true, false];
  return table.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return isNumber[column] === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('   ')
      .trimEnd(),
  );
};

interface Emitted {
  readonly id: string;
  readonly eventType: string;
  readonly committedAt: number;
}

interface Consumed extends Consumption {
  readonly eventId: string;
  readonly publishedAt: number;
}

const read = async (login: (service: ServiceName) => Login, orderId: string): Promise<Hop[]> => {
  const connections = serviceNames.map((service) => ({ service, sql: connectAs(login(service)) }));
  try {
    const found = await Promise.all(
      connections.map(
        ({ sql }) => sql<{ correlationId: string }[]>`
          SELECT correlation_id AS "correlationId" FROM outbox
          WHERE aggregate_id = ${orderId} AND event_type = 'order.created'`,
      ),
    );
    const correlationId = found.flatMap((rows) => [...rows])[0]?.correlationId;
    if (correlationId === undefined) return [];
    const emitted = await Promise.all(
      connections.map(async ({ service, sql }) => {
        const events = await sql<Emitted[]>`
          SELECT id, event_type AS "eventType",
                 (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000)::float8 AS "committedAt"
          FROM outbox WHERE correlation_id = ${correlationId}`;
        return events.map((event) => ({ ...event, emittedBy: service }));
      }),
    );
    const events = emitted.flat();
    const ids = events.map(({ id }) => id);
    const consumed = await Promise.all(
      connections.map(
        ({ sql }) => sql<Consumed[]>`
          SELECT event_id AS "eventId", consumer, outcome,
                 (extract(epoch FROM published_at) * 1000)::float8 AS "publishedAt",
                 (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000)::float8 AS "committedAt"
          FROM processed_events WHERE event_id = ANY (${ids}::uuid[])`,
      ),
    );
    const all = consumed.flatMap((rows) => [...rows]);
    return events.map(({ id, eventType, emittedBy, committedAt }) => {
      const consumptions = all.filter(({ eventId }) => eventId === id);
      return { eventType, emittedBy, committedAt, publishedAt: consumptions[0]?.publishedAt, consumptions };
    });
  } finally {
    await Promise.all(connections.map(({ sql }) => sql.end({ timeout: 2 })));
  }
};

/**
 * Reads the journey of an order once it has come to rest: every event consumed and nothing new between two looks, or
 * five seconds gone. `login` must be a role that may read outbox and inbox.
 */
export const readJourney = async (
  login: (service: ServiceName) => Login,
  orderId: string,
): Promise<Hop[]> => {
  const deadline = performance.now() + 5_000;
  let seen = -1;
  for (;;) {
    const hops = await read(login, orderId);
    const count = hops.reduce((sum, hop) => sum + 1 + hop.consumptions.length, 0);
    const settled =
      count === seen && hops.length > 0 && hops.every(({ consumptions }) => consumptions.length > 0);
    if (settled || performance.now() > deadline) return hops;
    seen = count;
    await sleep(300);
  }
};
