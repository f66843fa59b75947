// npm run reconcile: what the services, the provider and the topics say of the same orders, side by side, by class. With --fix
// the service that has to say something again is asked to, through its outbox; nothing is ever updated from here. Exit code
// 0: nothing is left; 1: something is; 2: it could not be looked at.
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Mismatch } from '../../services/auditor/audit.ts';
import type { Urls } from '../stack/addresses.ts';
import { demoPassword } from '../stack/demonstration.ts';
import { argumentsOf, stackOf } from '../operator/environment.ts';
import { explain, failure, messageOf } from '../../schemas/tools/failure.ts';
import { openEyes, type Eyes } from '../operator/auditor-view.ts';
import type { ServiceName } from '../stack/topology.ts';
import { stackVariables } from '../stack/variables.ts';

const usage = 'usage: npm run reconcile [-- --fix] [--json] [--grace <seconds>]';
type Say = (line: string) => void;

interface Fixed {
  readonly service: ServiceName;
  readonly orderId: string;
  readonly answer: string;
}

const rounds = 3;
const samples = 5;
const paths: Readonly<Record<ServiceName, string>> = {
  order: 'orders',
  inventory: 'reservations',
  payment: 'payments',
};

/** A token of an administrator: given, or that of the demonstration user. */
const signIn = async (urls: Urls): Promise<string> => {
  const given = process.env[stackVariables.token.env];
  if (given !== undefined && given !== '') return given;
  const response = await fetch(`${urls.dashboard}/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'admin@orderflow.io', password: demoPassword }),
    signal: AbortSignal.timeout(5_000),
  }).catch((error: unknown) => {
    throw failure(
      `nobody can be signed in (${messageOf(error)}); set ORDERFLOW_TOKEN to an administrator's token`,
    );
  });
  return z.object({ access_token: z.string() }).parse(await response.json()).access_token;
};

const repair = async (
  urls: Urls,
  token: string,
  service: ServiceName,
  orderId: string,
  classes: readonly string[],
): Promise<Fixed> => {
  const response = await fetch(`${urls[service]}/api/v1/${paths[service]}/${orderId}/repair`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: `reconcile: ${classes.join(', ')}` }),
    signal: AbortSignal.timeout(10_000),
  });
  const answer: unknown = await response.json();
  const said = z.object({ emitted: z.array(z.string()), note: z.string().nullable() }).safeParse(answer);
  if (!said.success) return { service, orderId, answer: `refused with ${response.status}` };
  const { emitted, note } = said.data;
  return { service, orderId, answer: note ?? `said again ${emitted.join(', ')}` };
};

const show = (found: readonly Mismatch[], say: Say): void => {
  if (found.length === 0) say('everything agrees');
  for (const [kind, ofKind] of Map.groupBy(found, (mismatch) => mismatch.class)) {
    say(`${kind}: ${ofKind.length}`);
    for (const { sentence, remedy } of ofKind.slice(0, samples)) {
      say(`  ${sentence}${remedy ? '' : ' (no event can mend this)'}`);
    }
    if (ofKind.length > samples) say(`  and ${ofKind.length - samples} more`);
  }
};

const look = async ({ lookTwice, auditor }: Eyes): Promise<readonly Mismatch[]> => {
  await lookTwice();
  return auditor.mismatches();
};

/** Asks each service once per order, then gives the events the grace period to arrive, and looks again. */
const fix = async (eyes: Eyes, found: readonly Mismatch[], graceMs: number, say: Say) => {
  const { urls } = stackOf(process.env);
  const token = await signIn(urls);
  const fixed: Fixed[] = [];
  let left = found;
  for (let round = 0; round < rounds; round += 1) {
    const remedies = Map.groupBy(
      left.filter(({ remedy }) => remedy !== null),
      ({ remedy }) => `${remedy?.service ?? ''} ${remedy?.orderId ?? ''}`,
    );
    if (remedies.size === 0) break;
    for (const all of remedies.values()) {
      const remedy = all[0]?.remedy;
      if (!remedy) continue;
      const done = await repair(urls, token, remedy.service, remedy.orderId, [
        ...new Set(all.map((mismatch) => mismatch.class)),
      ]);
      fixed.push(done);
      say(`fix: ${done.service} ${done.answer} for order ${done.orderId}`);
    }
    await delay(graceMs + 2_000);
    left = await look(eyes);
  }
  return { fixed, left };
};

const reconcile = async (): Promise<number> => {
  const { values: flags } = argumentsOf(usage, {
    options: {
      json: { type: 'boolean', default: false },
      fix: { type: 'boolean', default: false },
      grace: { type: 'string', default: '30' },
    },
  });
  const say: Say = (line) => {
    if (!flags.json) process.stdout.write(`${line}\n`);
  };
  const graceMs = Number(flags.grace) * 1_000;
  if (!(graceMs >= 0)) throw failure(`--grace is a number of seconds\n${usage}`);
  const eyes = await openEyes(process.env, graceMs);
  try {
    const found = await look(eyes);
    show(found, say);
    const { fixed, left } = flags.fix ? await fix(eyes, found, graceMs, say) : { fixed: [], left: found };
    if (fixed.length > 0) {
      say('afterwards:');
      show(left, say);
    }
    if (flags.json) process.stdout.write(`${JSON.stringify({ found, fixed, left }, null, 2)}\n`);
    return left.length === 0 ? 0 : 1;
  } finally {
    await eyes.close();
  }
};

try {
  process.exitCode = await reconcile();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 2;
}
