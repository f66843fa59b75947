// npm run recover -- <order|inventory|payment>: publishes the outbox rows that are not on the topic and restarts the connector.
// This is necessary after a slot is lost or dropped, and when events are missing from the topic for another reason. Every step
// reads the present state, so a killed run can be repeated from the start. Services may keep writing. Exit code 0: recovered,
// nothing is missing; 1: the services still disagree; 2: recovery failed.
import { randomUUID } from 'node:crypto';
import { drizzle } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import type { SlotProblem } from '../../services/auditor/domain/pipeline.ts';
import { judgeSlot, readSlot } from '../../services/auditor/pipelines/slot-health.ts';
import { recordAction } from '../../services/platform/audit-log/audit-log.ts';
import { applyConnector, planConnector } from '../connectors/apply.ts';
import { slotLine, withDatabase } from '../connectors/slot-position.ts';
import {
  connectorState,
  createStopped,
  expectConnect,
  resetOffsets,
  setState,
} from '../connectors/connect-admin.ts';
import { countMissing, markPublished, recordRows, republishMissing } from './outbox.ts';
import { readPublished } from './published.ts';
import { seconds, until } from '../stack/supervise/deadline.ts';
import { Argument } from '@commander-js/extra-typings';
import { commandLine, printJson, printUnless, withExitCode, type Print } from '../operator/command-line.ts';
import { stackOf, type StackAddress } from '../operator/environment.ts';
import { failure, messageOf } from '../../schemas/tools/failure.ts';
import { openAuditorView } from '../operator/auditor-view.ts';
import { createSlot, ensurePublication } from '../stack/provision/slot.ts';
import { serviceNames, services, type ServiceName } from '../stack/topology.ts';

const topicWithinMs = 10 * 60_000;
/** How long the slot of a stopped task may take to be released. */
const slotWithinMs = 60_000;
const reconcileWithinMs = 90_000;
const graceMs = 5_000;
const secondsSince = (began: number): number => Math.round((performance.now() - began) / 100) / 10;

/** The output of `--json`. */
interface Outcome {
  readonly service: ServiceName;
  readonly dryRun: boolean;
  /** Why the slot was created again, or would be; null when the slot is kept. */
  readonly slotMadeAnew: string | null;
  /** Rows that were not on the topic when it was first read, including those that the connector had not published yet. */
  readonly missing: number;
  readonly emitted: number;
  readonly seconds: number;
  /** Differences between the services afterwards; null after a dry run, which does not compare them. */
  readonly disagreements: readonly string[] | null;
}

/** With one of these problems a slot cannot be kept. */
const fatalProblems: readonly SlotProblem[] = ['missing', 'lost', 'wrong_plugin', 'no_failover'];

/** Why the slot has to be created again; undefined when it can be kept. */
const reasonToReplaceSlot = async (
  sql: postgres.Sql,
  service: ServiceName,
  slot: string,
): Promise<string | undefined> =>
  judgeSlot(service, await readSlot(drizzle(sql), slot)).find(({ problem }) =>
    fatalProblems.includes(problem),
  )?.sentence;

const replaceSlot = async (sql: postgres.Sql, slot: string): Promise<void> => {
  // The walsender of a task that has just stopped may hold the slot for a moment.
  await until({ what: `the slot ${slot} to be released`, withinMs: slotWithinMs, everyMs: 500 }, async () => {
    await sql`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ${slot}`;
    return true;
  });
  await createSlot(sql, slot).catch((error: unknown) => {
    throw failure(
      `the slot ${slot} could not be created (${messageOf(error)}). After a timeout: it waits for open transactions, ` +
        'which npm run doctor lists. Run this command again when they have ended',
    );
  });
};

/** Counts the present rows of the outbox that are not on the topic. */
const countMissingNow = async (
  { kafka }: StackAddress,
  sql: postgres.Sql,
  service: ServiceName,
): Promise<number> => {
  await recordRows(sql);
  await readPublished(kafka, services[service].topic, topicWithinMs, (ids) => markPublished(sql, ids));
  return countMissing(sql);
};

const dryRun = async (
  stack: StackAddress,
  sql: postgres.Sql,
  service: ServiceName,
  say: Print,
): Promise<Outcome> => {
  const { connector, database, topic } = services[service];
  const began = performance.now();
  const state = await connectorState(stack.urls.connect, connector);
  const facts = await readSlot(drizzle(sql), database.slot);
  const why = await reasonToReplaceSlot(sql, service, database.slot);
  const missing = await countMissingNow(stack, sql, service);
  say(`connector ${connector}: ${state?.kind ?? 'does not exist in Connect'}`);
  say(`slot ${slotLine(facts)}`);
  say(
    `${missing} rows of the outbox are not on ${topic}, including those that the connector has not published yet`,
  );
  say('');
  say(`would stop the connector and reset its offset,`);
  say(why === undefined ? 'keep the slot,' : `create the slot again (${why})`);
  say(`publish the ${missing} rows again, start the connector, and check that nothing is missing`);
  say('nothing was changed');
  return {
    ...{ service, dryRun: true, slotMadeAnew: why ?? null, missing, emitted: 0 },
    ...{ seconds: secondsSince(began), disagreements: null },
  };
};

/** Runs the auditor's checks until the services agree. Returns the differences that are left when the time is up. */
const reconcile = async (): Promise<readonly string[]> => {
  const view = await openAuditorView(process.env, graceMs);
  let left: readonly string[] = [];
  try {
    await until({ what: 'the services to agree', withinMs: reconcileWithinMs, everyMs: 2_000 }, async () => {
      const { violations } = await view.checkTwice();
      left = [...violations, ...view.auditor.mismatches()].map(({ sentence }) => sentence);
      return left.length === 0;
    });
    return [];
  } catch (error) {
    if (left.length > 0) return left;
    throw error;
  } finally {
    await view.close();
  }
};

/** Records the recovery in the audit log of the service. The entry does not name the person who runs the command. */
const recordRecovery = async (sql: postgres.Sql, connector: string): Promise<void> => {
  const id = randomUUID();
  const action = {
    subject: 'npm run recover',
    roles: [],
    name: 'pipelines.recover',
    resource: connector,
    correlationId: id,
    requestId: id,
  };
  await recordAction(drizzle(sql), action, { outcome: 'accepted' }, new Date());
};

const recoverService = async (
  stack: StackAddress,
  sql: postgres.Sql,
  service: ServiceName,
  say: Print,
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

  await step(`stop ${connector}, so that nothing is published meanwhile`, async () => {
    // A deleted connector may have left its offset behind. Connect resets the offset of an existing connector only, so a missing
    // connector is created first.
    const { exists, desired } = await planConnector(url, service);
    await recordRecovery(sql, connector);
    if (!exists) await createStopped(url, connector, desired, wait);
    await setState(url, connector, 'stop', wait);
  });
  await step('reset its stored offset; the topic shows what is missing', () =>
    resetOffsets(url, connector, wait),
  );
  const why = await reasonToReplaceSlot(sql, service, database.slot);
  await step(why === undefined ? 'keep the slot' : `create the slot again: ${why}`, async () => {
    await ensurePublication(sql, database.publication);
    if (why !== undefined) await replaceSlot(sql, database.slot);
  });
  const missing = await step(`read ${topic}`, () => countMissingNow(stack, sql, service));
  const emitted = await step(`publish the missing rows again, about ${missing}`, () =>
    republishMissing(sql, database.slot),
  );
  await step(`start ${connector}`, async () => {
    await applyConnector(service, { ...wait, url });
    await setState(url, connector, 'resume', wait);
    const state = await connectorState(url, connector);
    if (state?.kind === 'failed') throw failure(`${connector} has failed:\n    ${state.why}`);
  });
  await step('check that nothing is missing', () =>
    until({ what: `the rows to arrive on ${topic}`, withinMs: topicWithinMs, everyMs: 1_000 }, async () => {
      // Services keep writing, so each attempt compares the rows that exist just before the topic is read.
      const left = await countMissingNow(stack, sql, service);
      return left === 0;
    }),
  );
  say(
    `${emitted} ${emitted === 1 ? 'row' : 'rows'} published again, none is missing on ${topic}; took ${seconds(performance.now() - began)}`,
  );

  const disagreements = await reconcile();
  if (disagreements.length === 0) say('reconciled: everything agrees');
  else {
    say(`the topic is complete, but the services disagree (npm run reconcile):`);
    for (const sentence of disagreements.slice(0, 20)) say(`  ${sentence}`);
  }
  return {
    ...{ service, dryRun: false, slotMadeAnew: why ?? null, missing, emitted },
    ...{ seconds: secondsSince(began), disagreements },
  };
};

export const recover = commandLine(
  'npm run recover',
  'Publishes the events that a lost slot has not delivered, and restarts the connector.',
  'payment --dry-run',
  'payment',
)
  .addArgument(new Argument('<service>', 'the service that owns the slot').choices(serviceNames))
  .option('--dry-run', 'count the missing events and change nothing')
  .option('--json', 'print JSON')
  .action(
    withExitCode(async (service, flags) => {
      const stack = stackOf(process.env);
      await expectConnect(stack.urls.connect);
      const say = printUnless(flags.json);
      const outcome = await withDatabase(stack, service, 'admin', (sql) =>
        (flags.dryRun ? dryRun : recoverService)(stack, sql, service, say),
      );
      if (flags.json) printJson(outcome);
      return (outcome.disagreements ?? []).length === 0 ? 0 : 1;
    }),
  );
