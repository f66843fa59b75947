// npm run recover -- <order|inventory|payment>: after a lost or dropped slot, lost offsets or a connector made anew, publishes
// what is in the outbox and not on the topic, and starts the connector again. Every step looks at what is there and not at
// what an earlier run has done, so a run that was killed anywhere is simply run again. Services may go on writing. Exit code
// 0: recovered, and nothing is missing; 1: something is; 2: it could not be done.
import { drizzle } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import type { SlotProblem } from '../../services/auditor/domain/pipeline.ts';
import { judgeSlot, readSlot } from '../../services/auditor/pipelines/slot-health.ts';
import { applyConnector, planConnector } from '../connectors/apply.ts';
import { slotLine, withDatabase } from '../connectors/position.ts';
import {
  connectorState,
  createStopped,
  expectConnect,
  resetOffsets,
  setState,
} from '../connectors/connect-admin.ts';
import { countMissing, emitMissing, notePublished, noteRows } from './outbox.ts';
import { readPublished } from './published.ts';
import { seconds, until } from '../stack/supervise/deadline.ts';
import { argumentsOf, serviceNamed, stackOf, type StackAddress } from '../operator/environment.ts';
import { explain, failure, messageOf } from '../../schemas/tools/failure.ts';
import { openEyes } from '../operator/auditor-view.ts';
import { createSlot, ensurePublication } from '../stack/provision/slot.ts';
import { services, type ServiceName } from '../stack/topology.ts';

const usage = 'usage: npm run recover -- <order|inventory|payment> [--dry-run] [--json]';
const topicWithinMs = 10 * 60_000;
/** Longer than a transaction that a killed worker leaves open. */
const slotWithinMs = 60_000;
const reconcileWithinMs = 90_000;
const graceMs = 5_000;
const secondsSince = (began: number): number => Math.round((performance.now() - began) / 100) / 10;

/** What a script reads of a run; the steps are for people. */
interface Outcome {
  readonly service: ServiceName;
  readonly dryRun: boolean;
  /** Why the slot was made anew, or would be; null: it was kept. */
  readonly slotMadeAnew: string | null;
  /** Rows that were not on the topic when it was first read, those included that were just on their way. */
  readonly missing: number;
  readonly emitted: number;
  readonly seconds: number;
  /** What the services do not agree about afterwards; null after a dry run, which does not look. */
  readonly disagreements: readonly string[] | null;
}

type Say = (line: string) => void;

/** What no slot is kept with. */
const hopeless: readonly SlotProblem[] = ['missing', 'lost', 'wrong_plugin', 'no_failover'];

const hopelessnessOf = async (
  sql: postgres.Sql,
  service: ServiceName,
  slot: string,
): Promise<string | undefined> =>
  judgeSlot(service, await readSlot(drizzle(sql), slot)).find(({ problem }) => hopeless.includes(problem))
    ?.sentence;

const makeSlot = async (sql: postgres.Sql, slot: string): Promise<void> => {
  // The sender of a task that has just ended may hold it for a moment longer.
  await until(
    { what: `the slot ${slot} to be let go of`, withinMs: slotWithinMs, everyMs: 500 },
    async () => {
      await sql`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ${slot}`;
      return true;
    },
  );
  await createSlot(sql, slot).catch((error: unknown) => {
    throw failure(
      `the slot ${slot} could not be made within a minute (${messageOf(error)}); it waits for the transactions that are ` +
        'open: npm run doctor names them. Run this again once they are over',
    );
  });
};

/** How many rows of the outbox are not on the topic, of those that there are now. */
const missingNow = async (
  { kafka }: StackAddress,
  sql: postgres.Sql,
  service: ServiceName,
): Promise<number> => {
  await noteRows(sql);
  await readPublished(kafka, services[service].topic, topicWithinMs, (ids) => notePublished(sql, ids));
  return countMissing(sql);
};

const dryRun = async (
  stack: StackAddress,
  sql: postgres.Sql,
  service: ServiceName,
  say: Say,
): Promise<Outcome> => {
  const { connector, database, topic } = services[service];
  const began = performance.now();
  const state = await connectorState(stack.urls.connect, connector);
  const facts = await readSlot(drizzle(sql), database.slot);
  const why = await hopelessnessOf(sql, service, database.slot);
  const missing = await missingNow(stack, sql, service);
  say(`connector ${connector}: ${state?.kind ?? 'Connect has none'}`);
  say(`slot ${slotLine(facts)}`);
  say(
    `${missing} rows of the outbox are not on ${topic}, those among them that are just on their way included`,
  );
  say('');
  say(`would stop the connector and forget its offset,`);
  say(why === undefined ? 'keep the slot,' : `make the slot anew (${why})`);
  say(`publish the ${missing} rows again, start the connector, and look whether anything is missing`);
  say('nothing was changed');
  return {
    ...{ service, dryRun: true, slotMadeAnew: why ?? null, missing, emitted: 0 },
    ...{ seconds: secondsSince(began), disagreements: null },
  };
};

/** What the auditor's eyes see of the services once the events have arrived. */
const reconcile = async (): Promise<readonly string[]> => {
  const eyes = await openEyes(process.env, graceMs);
  let left: readonly string[] = [];
  try {
    await until({ what: 'the services to agree', withinMs: reconcileWithinMs, everyMs: 2_000 }, async () => {
      const { violations } = await eyes.lookTwice();
      left = [...violations, ...eyes.auditor.mismatches()].map(({ sentence }) => sentence);
      return left.length === 0;
    });
    return [];
  } catch (error) {
    if (left.length > 0) return left;
    throw error;
  } finally {
    await eyes.close();
  }
};

const recover = async (
  stack: StackAddress,
  sql: postgres.Sql,
  service: ServiceName,
  say: Say,
): Promise<Outcome> => {
  const { connector, database, topic } = services[service];
  const url = stack.urls.connect;
  const wait = { withinMs: 90_000 };
  const began = performance.now();
  let number = 0;
  const step = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    number += 1;
    say(`${number}/7  ${what}`);
    return work();
  };

  await step(`stop ${connector}, so that the topic stands still`, async () => {
    // A connector that Connect has forgotten may have left its offset behind.
    const { exists, desired } = await planConnector(url, service);
    if (!exists) await createStopped(url, connector, desired, wait);
    await setState(url, connector, 'stop', wait);
  });
  await step('forget how far it has read: what is missing is told by the topic', () =>
    resetOffsets(url, connector, wait),
  );
  const why = await hopelessnessOf(sql, service, database.slot);
  await step(why === undefined ? 'keep the slot' : `make the slot anew: ${why}`, async () => {
    await ensurePublication(sql, database.publication);
    if (why !== undefined) await makeSlot(sql, database.slot);
  });
  const missing = await step(`read ${topic}`, () => missingNow(stack, sql, service));
  const emitted = await step(`publish again what is not there, about ${missing} rows`, () =>
    emitMissing(sql, database.slot),
  );
  await step(`start ${connector}`, async () => {
    await applyConnector(service, { ...wait, url });
    await setState(url, connector, 'resume', wait);
    const state = await connectorState(url, connector);
    if (state?.kind === 'failed') throw failure(`${connector} has failed:\n    ${state.why}`);
  });
  await step('look whether anything is missing', () =>
    until({ what: `the rows to arrive on ${topic}`, withinMs: topicWithinMs, everyMs: 1_000 }, async () => {
      // Writers go on, so the moment is the one before the topic is read.
      const left = await missingNow(stack, sql, service);
      return left === 0;
    }),
  );
  say(
    `${emitted} ${emitted === 1 ? 'row' : 'rows'} published again, none is missing on ${topic}; took ${seconds(performance.now() - began)}`,
  );

  const disagreements = await reconcile();
  if (disagreements.length === 0) say('reconciled: everything agrees');
  else {
    say(`the topic is whole, but the services do not agree (npm run reconcile):`);
    for (const sentence of disagreements.slice(0, 20)) say(`  ${sentence}`);
  }
  return {
    ...{ service, dryRun: false, slotMadeAnew: why ?? null, missing, emitted },
    ...{ seconds: secondsSince(began), disagreements },
  };
};

const run = async (): Promise<number> => {
  const { values: flags, positionals } = argumentsOf(usage, {
    allowPositionals: true,
    options: {
      'dry-run': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [name, ...others] = positionals;
  if (name === undefined || others.length > 0) throw failure(usage);
  const service = serviceNamed(name, usage);
  const stack = stackOf(process.env);
  await expectConnect(stack.urls.connect);
  const say: Say = (line) => {
    if (!flags.json) process.stdout.write(`${line}\n`);
  };
  const outcome = await withDatabase(stack, service, 'admin', (sql) =>
    (flags['dry-run'] ? dryRun : recover)(stack, sql, service, say),
  );
  if (flags.json) process.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`);
  return (outcome.disagreements ?? []).length === 0 ? 0 : 1;
};

try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 2;
}
