// No event may be lost when a connector restarts. Since PostgreSQL 17 the end LSN of a commit can equal the start LSN of the next
// transaction. A connector that restarts at this LSN can skip that transaction. So this test restarts the connector repeatedly while
// long overlapping and very short transactions run.
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { describe, expect, it } from 'vitest';
import { services } from '../../scripts/stack/topology.ts';
import { connectorUrl, taskOf } from '../support/commands.ts';
import { header, readTopic } from '../support/kafka-log.ts';
import { createOutboxRows } from '../support/outbox-rows.ts';
import { eventually, faultRounds, query, stack } from '../support/shop.ts';

const restarts = faultRounds > 1 ? 40 : 5;
const { topic } = services.inventory;

describe('a connector that is restarted repeatedly', () => {
  it('publishes every committed row, and none that was rolled back', { timeout: 600_000 }, async () => {
    const { row } = await createOutboxRows('restarts');
    const sql = postgres(stack.databases.inventory.service, { max: 8 });
    const [committed, rolledBack]: [string[], string[]] = [[], []];
    const stopping = new AbortController();
    const untilStopped = async (work: () => Promise<void>): Promise<void> => {
      while (!stopping.signal.aborted) await work();
    };
    const writers = [
      // Short transactions: one statement, one row.
      ...Array.from({ length: 3 }, () =>
        untilStopped(async () => {
          const single = row();
          await sql`insert into outbox ${sql(single)}`;
          committed.push(single.id);
          await delay(10);
        }),
      ),
      // Long, overlapping transactions: they can start before a restart and end after it, with a commit or a rollback.
      ...Array.from({ length: 3 }, (_, index) =>
        untilStopped(async () => {
          const rows = [row(), row()];
          const rollback = new Error('rolled back');
          await sql
            .begin(async (tx) => {
              await tx`insert into outbox ${tx(rows.slice(0, 1))}`;
              await delay(400 + index * 300);
              await tx`insert into outbox ${tx(rows.slice(1))}`;
              if (index === 2) throw rollback;
            })
            .then(
              () => committed.push(...rows.map(({ id }) => id)),
              (error: unknown) => {
                if (error !== rollback) throw error;
                rolledBack.push(...rows.map(({ id }) => id));
              },
            );
        }),
      ),
    ];

    for (let round = 0; round < restarts; round += 1) {
      const url = `${connectorUrl('inventory')}/restart?includeTasks=true`;
      // The worker responds with 409 while it still handles the previous restart.
      await eventually('the restart is accepted', async () => (await fetch(url, { method: 'POST' })).ok);
      await eventually('the task runs', async () => (await taskOf('inventory'))?.state === 'RUNNING');
      await delay(300);
    }
    stopping.abort();
    await Promise.all(writers);
    await sql.end();

    expect(committed.length).toBeGreaterThan(restarts * 10);
    const published = await eventually(
      'every committed row is published',
      async () => {
        const ids = new Set((await readTopic(topic)).map((record) => header(record, 'id')));
        const missing = committed.filter((id) => !ids.has(id));
        if (missing.length > 0) throw new Error(`${missing.length} of ${committed.length} are missing`);
        return ids;
      },
      60_000,
    );
    expect(rolledBack.filter((id) => published.has(id))).toEqual([]);

    // The events of this test must be handled before the next test starts.
    await eventually(
      'every published row is consumed',
      async () => {
        const [seen] = await query(
          'order',
          (sql) =>
            sql`select count(*)::int as count from processed_events where event_id in ${sql(committed)}`,
        );
        if (seen?.['count'] !== committed.length)
          throw new Error(`${String(seen?.['count'])} of ${committed.length} are consumed`);
        return true;
      },
      120_000,
    );
  });
});
