// npm run reconcile: compares what the services, the payment provider and the topics record about each order. With --fix it
// asks the responsible service to emit its state again through its outbox; the command itself writes to no database. Exit code 0:
// no difference is left; 1: differences are left; 2: the comparison or a repair could not run.
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Mismatch } from '../../services/auditor/audit.ts';
import type { Urls } from '../stack/addresses.ts';
import { signIn } from '../stack/demonstration.ts';
import {
  commandLine,
  printJson,
  printUnless,
  secondsNumber,
  withExitCode,
  type Print,
} from '../operator/command-line.ts';
import { stackOf } from '../operator/environment.ts';
import { failure, reasonOf } from '../../schemas/tools/failure.ts';
import { openAuditorView, type AuditorView } from '../operator/auditor-view.ts';
import type { ServiceName } from '../stack/topology.ts';
import { stackVariables } from '../stack/variables.ts';

interface Repair {
  readonly service: ServiceName;
  readonly orderId: string;
  readonly answer: string;
}

const maxRounds = 3;
const maxSamples = 5;
const resourceOf: Readonly<Record<ServiceName, string>> = {
  order: 'orders',
  inventory: 'reservations',
  payment: 'payments',
};

/** An administrator's token: the one in the environment, or that of the demonstration user. */
const administratorToken = async (urls: Urls): Promise<string> => {
  const given = process.env[stackVariables.token.env];
  if (given !== undefined && given !== '') return given;
  return signIn(urls.dashboard, 'admin@orderflow.io').catch((error: unknown) => {
    throw failure(
      `the demonstration administrator cannot sign in (${reasonOf(error)}); set ORDERFLOW_TOKEN to an administrator's token`,
    );
  });
};

const requestRepair = async (
  urls: Urls,
  token: string,
  service: ServiceName,
  orderId: string,
  classes: readonly string[],
): Promise<Repair & { readonly isRefused: boolean }> => {
  const response = await fetch(`${urls[service]}/api/v1/${resourceOf[service]}/${orderId}/repair`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: `reconcile: ${classes.join(', ')}` }),
    signal: AbortSignal.timeout(10_000),
  });
  const result = z
    .object({ emitted: z.array(z.string()), note: z.string().nullable() })
    // A proxy can answer with a page that is not JSON.
    .safeParse(await response.json().catch(() => undefined));
  if (!result.success)
    return { service, orderId, isRefused: true, answer: `refused with ${response.status}` };
  const { emitted, note } = result.data;
  return { service, orderId, isRefused: false, answer: note ?? `emitted again ${emitted.join(', ')}` };
};

const printMismatches = (found: readonly Mismatch[], say: Print): void => {
  if (found.length === 0) say('everything agrees');
  for (const [kind, ofKind] of Map.groupBy(found, (mismatch) => mismatch.class)) {
    say(`${kind}: ${ofKind.length}`);
    for (const { sentence, remedy } of ofKind.slice(0, maxSamples)) {
      say(`  ${sentence}${remedy ? '' : ' (no event can repair this)'}`);
    }
    if (ofKind.length > maxSamples) say(`  and ${ofKind.length - maxSamples} more`);
  }
};

const findMismatches = async ({ checkTwice, auditor }: AuditorView): Promise<readonly Mismatch[]> => {
  await checkTwice();
  return auditor.mismatches();
};

/** Each round asks a service once per order, waits the grace period for the events to arrive, and compares again. */
const repairAll = async (view: AuditorView, found: readonly Mismatch[], graceMs: number, say: Print) => {
  const { urls } = stackOf(process.env);
  const token = await administratorToken(urls);
  const fixed: Repair[] = [];
  const refused: Repair[] = [];
  let left = found;
  for (let round = 0; round < maxRounds; round += 1) {
    const remedies = Map.groupBy(
      left.filter(({ remedy }) => remedy !== null),
      ({ remedy }) => `${remedy?.service ?? ''} ${remedy?.orderId ?? ''}`,
    );
    if (remedies.size === 0) break;
    for (const all of remedies.values()) {
      const remedy = all[0]?.remedy;
      if (!remedy) continue;
      const { isRefused, ...done } = await requestRepair(urls, token, remedy.service, remedy.orderId, [
        ...new Set(all.map((mismatch) => mismatch.class)),
      ]);
      (isRefused ? refused : fixed).push(done);
      say(`fix: ${done.service} ${done.answer} for order ${done.orderId}`);
    }
    await delay(graceMs + 2_000);
    left = await findMismatches(view);
  }
  return { fixed, refused, left };
};

interface Flags {
  readonly fix?: true | undefined;
  readonly grace: number;
  readonly json?: true | undefined;
}

const compare = async ({ fix, grace, json }: Flags): Promise<number> => {
  const say = printUnless(json);
  const graceMs = grace * 1_000;
  const view = await openAuditorView(process.env, graceMs);
  try {
    const found = await findMismatches(view);
    printMismatches(found, say);
    const { fixed, refused, left } = fix
      ? await repairAll(view, found, graceMs, say)
      : { fixed: [], refused: [], left: found };
    if (fixed.length > 0 || refused.length > 0) {
      say('afterwards:');
      printMismatches(left, say);
    }
    if (json) printJson({ found, fixed, refused, left });
    return left.length === 0 ? 0 : 1;
  } finally {
    await view.close();
  }
};

export const reconcile = commandLine(
  'npm run reconcile',
  'Compares what the services, the payment provider and the topics record about each order.',
  '',
  '--fix',
)
  .option('--fix', 'let the responsible service emit its state again through its outbox')
  .option('--grace <seconds>', 'how long events may take to arrive', secondsNumber, 30)
  .option('--json', 'print JSON')
  .action(withExitCode(compare));
