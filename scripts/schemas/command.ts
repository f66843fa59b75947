// npm run schemas -- <verb>: the event contract as something that is reviewed, released and registered like code. The verbs and
// their exit codes are in `usage`; 2 always means that it could not be done, with a sentence that says why.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { schemasFolder, type EventSchema } from '../../schemas/tools/generate-events.ts';
import { checkContract } from '../../schemas/tools/check.ts';
import { writeDerived } from '../../schemas/tools/derived.ts';
import { review } from '../../schemas/tools/review/differences.ts';
import { findBase, type Base } from '../../schemas/tools/history.ts';
import { decodesThePast, foreignSubjects, registerSchemas, standings } from '../../schemas/tools/registry.ts';
import { labelOf, readContract } from '../../schemas/tools/releases.ts';
import { releaseEvents } from '../../schemas/tools/release.ts';
import {
  asMarkdown,
  changedEvents,
  differenceLines,
  exitCodes,
  reviewContract,
} from '../../schemas/tools/review/report.ts';
import { subscribersOf, usageOf } from '../../schemas/tools/review/usage.ts';
import { stackOf } from '../operator/environment.ts';
import { explain, failure, messageOf } from '../../schemas/tools/failure.ts';
import type { RegistryAddress } from '../../schemas/tools/registry-http.ts';
import { developmentAddresses, registryPath } from '../stack/topology.ts';

const usage = `usage: npm run schemas -- <verb> [options]

  check                       lint, unchanged history, every reader against every writer on golden bytes; 1: something is wrong
  diff                        what has changed in each event since the base, field by field
  report                      the review of it, in Markdown: verdict and reason, readers, deployment order, what to do instead;
                              0: all is FULL, 3: BACKWARD at most, 4: FORWARD at most, 5: NONE
  release [event …] [--amend] freezes the working version of the events, of all that changed when none is named; --amend
                              replaces a version that the base does not have yet
  register                    registers what is released, with the recorded ids; verifies ids, modes, and that they are enforced
  verify                      the same look without a change; 1: a release is missing, or has another id
  restore                     for a registry that has lost its storage: register, then read golden bytes through it
  generate                    writes what follows from the schemas: types, catalogue, AsyncAPI document

  --base <rev>                the revision to compare with; origin/main, or main, when absent
  --registry <url>            base of its Confluent API; that of the stack on this machine when absent
  --json                      for programs`;

const root = join(import.meta.dirname, '..', '..');
const parsed = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        base: { type: 'string' },
        registry: { type: 'string' },
        json: { type: 'boolean', default: false },
        amend: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw failure(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
};

const say = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

type Flags = ReturnType<typeof parsed>['values'];

const check = async ({ base: name, json }: Flags): Promise<number> => {
  const base = await findBase(root, name);
  const report = checkContract(readContract(), schemasFolder, base);
  if (json) say(JSON.stringify(report, null, 2));
  else {
    for (const complaint of report.complaints) say(complaint);
    const { events, releases, readings } = report;
    const past = report.base ?? 'the lock alone, without git';
    if (report.complaints.length === 0)
      say(
        `${events} events in ${releases} released versions; ${readings} readings of golden bytes; unchanged since ${past}`,
      );
  }
  return report.complaints.length === 0 ? 0 : 1;
};

const release = async (events: readonly string[], { base: name, amend }: Flags): Promise<number> => {
  const base: Base | undefined = await findBase(root, name);
  const written = releaseEvents(readContract(), schemasFolder, events, { amend, base });
  for (const { event, version, id, samples } of written)
    say(`released ${event} v${version}: registry id ${id}, ${samples.length} golden records`);
  if (written.length === 0) say('nothing has changed since the last release');
  for (const file of await writeDerived(developmentAddresses)) say(`wrote ${file}`);
  return 0;
};

const baseOf = async ({ base: name }: Flags): Promise<Base> => {
  const base = await findBase(root, name);
  if (base === undefined)
    throw failure('there is neither origin/main nor main to compare with; name a revision with --base');
  return base;
};

const report = async (values: Flags): Promise<number> => {
  const base = await baseOf(values);
  const usage = (schemas: readonly EventSchema[]) =>
    usageOf(root, schemas).catch((error: unknown) => {
      throw failure(`the types of the events cannot be generated: ${messageOf(error)}`);
    });
  const reviewed = await reviewContract(readContract(), base, subscribersOf(root), usage);
  say(values.json ? JSON.stringify(reviewed, null, 2) : asMarkdown(reviewed).trimEnd());
  return exitCodes[reviewed.verdict];
};

const diff = async (values: Flags): Promise<number> => {
  const base = await baseOf(values);
  const events = changedEvents(base, readContract()).map(({ before, after }) => ({
    event: (after ?? before)?.eventType ?? '',
    change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    findings: before && after ? review(before, after).findings : [],
  }));
  if (values.json) say(JSON.stringify({ base: base.name, commit: base.commit, events }, null, 2));
  else if (events.length === 0) say(`unchanged since ${base.name} (${base.commit.slice(0, 9)})`);
  else for (const line of differenceLines(events)) say(line);
  return 0;
};

/** One that is named by hand is spoken to as the environment says of its own. */
const registryOf = ({ registry }: Flags): RegistryAddress => {
  if (registry === undefined) return stackOf(process.env).registry;
  if (!URL.canParse(registry))
    throw failure(`--registry is a URL such as http://registry:8081${registryPath}`);
  return stackOf({ ...process.env, SCHEMA_REGISTRY_URL: registry }).registry;
};

const register = async (values: Flags): Promise<number> => {
  const { registered, unchanged, verified } = await registerSchemas(registryOf(values), readContract());
  if (values.json) say(JSON.stringify({ registered, unchanged, verified }, null, 2));
  else {
    say(`${registered} registered, ${unchanged} were there`);
    for (const sentence of verified) say(`  ${sentence}`);
  }
  return 0;
};

const verify = async (values: Flags): Promise<number> => {
  const contract = readContract();
  const registry = registryOf(values);
  const found = await standings(registry, contract.releases);
  const foreign = await foreignSubjects(registry, contract);
  const wrong = found.filter(({ state }) => state !== 'registered');
  if (values.json) {
    const rows = found.map(({ release, state }) => ({
      event: release.event,
      version: release.version,
      id: release.id,
      state,
    }));
    say(JSON.stringify({ releases: rows, foreign }, null, 2));
    return wrong.length === 0 ? 0 : 1;
  }
  for (const { release, sentence } of wrong) say(`${labelOf(release)} ${sentence}`);
  if (foreign.length > 0) say(`not of this tree: ${foreign.join(', ')}`);
  const missing = wrong.filter(({ state }) => state === 'missing').length;
  if (wrong.length === 0) say(`${found.length} releases have the recorded ids`);
  else if (missing === found.length)
    say(
      `the registry has lost everything: run \`npm run schemas -- restore\`, as connectors/runbooks/registry-lost.md says`,
    );
  else if (missing === wrong.length)
    say(`${missing} of ${found.length} releases are missing; run: npm run schemas -- register`);
  else say('ids are not the recorded ones: see connectors/runbooks/registry-lost.md');
  return wrong.length === 0 ? 0 : 1;
};

const restore = async (values: Flags): Promise<number> => {
  const contract = readContract();
  const registry = registryOf(values);
  const { registered, unchanged, verified } = await registerSchemas(registry, contract);
  const records = await decodesThePast(registry, contract);
  if (values.json) say(JSON.stringify({ registered, unchanged, verified, records }, null, 2));
  else {
    say(`${registered} restored, ${unchanged} were there`);
    for (const sentence of verified) say(`  ${sentence}`);
    say(`  ${records} golden records of all versions are read through the registry`);
  }
  return 0;
};

const main = async (): Promise<number> => {
  const { positionals, values } = parsed();
  const [verb, ...events] = positionals;
  if (values.help) {
    say(usage);
    return 0;
  }
  if (verb !== 'release' && events.length > 0)
    throw failure(`${verb ?? ''} takes no ${events.join(' ')}\n\n${usage}`);
  switch (verb) {
    case 'check':
      return check(values);
    case 'release':
      return release(events, values);
    case 'diff':
      return diff(values);
    case 'report':
      return report(values);
    case 'register':
      return register(values);
    case 'verify':
      return verify(values);
    case 'restore':
      return restore(values);
    case 'generate':
      for (const file of await writeDerived(developmentAddresses)) say(`wrote ${file}`);
      return 0;
    default:
      throw failure(verb === undefined ? usage : `there is no verb "${verb}"\n\n${usage}`);
  }
};

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 2;
}
