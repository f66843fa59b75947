// npm run schemas -- <verb>: checks, reviews, releases and registers the event contract. `--help` explains the verbs and their exit
// codes; exit code 2 always means that the command failed, with a sentence that says why.
import { join } from 'node:path';
import { schemasFolder, type EventSchema } from '../../schemas/tools/event-schema.ts';
import { checkContract } from '../../schemas/tools/check.ts';
import { writeDerived } from '../../schemas/tools/derived.ts';
import { review } from '../../schemas/tools/review/differences.ts';
import { findBase, type Base } from '../../schemas/tools/history.ts';
import {
  readGoldenBytes,
  foreignSubjects,
  registerSchemas,
  readReleaseStates,
} from '../../schemas/tools/registry.ts';
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
import { commandLine, print, printJson, subcommand, withExitCode } from '../operator/command-line.ts';
import { stackOf } from '../operator/environment.ts';
import { failure, messageOf } from '../../schemas/tools/failure.ts';
import type { RegistryAddress } from '../../schemas/tools/registry-http.ts';
import { developmentAddresses, registryPath } from '../stack/topology.ts';

const root = join(import.meta.dirname, '..', '..');

interface Flags {
  readonly base?: string | undefined;
  readonly registry?: string | undefined;
  readonly amend?: true | undefined;
}
const isJson = (): boolean => schemas.opts().json === true;

const check = async ({ base: name }: Flags): Promise<number> => {
  const base = await findBase(root, name);
  const report = checkContract(readContract(), schemasFolder, base);
  if (isJson()) printJson(report);
  else {
    for (const complaint of report.complaints) print(complaint);
    const { events, releases, readings } = report;
    const past = report.base ?? 'the lock file (no git)';
    if (report.complaints.length === 0)
      print(
        `${events} events in ${releases} released versions; ${readings} reads of golden bytes; unchanged since ${past}`,
      );
  }
  return report.complaints.length === 0 ? 0 : 1;
};

const generate = async (): Promise<number> => {
  for (const file of await writeDerived(developmentAddresses)) print(`wrote ${file}`);
  return 0;
};

const release = async (events: readonly string[], { base: name, amend }: Flags): Promise<number> => {
  const base: Base | undefined = await findBase(root, name);
  const written = releaseEvents(readContract(), schemasFolder, events, { amend: amend === true, base });
  for (const { event, version, id, samples } of written)
    print(`released ${event} v${version}: registry id ${id}, ${samples.length} golden records`);
  if (written.length === 0) print('nothing has changed since the last release');
  return generate();
};

const baseOf = async ({ base: name }: Flags): Promise<Base> => {
  const base = await findBase(root, name);
  if (base === undefined)
    throw failure('neither origin/main nor main exists to compare with; give a revision with --base');
  return base;
};

const report = async (values: Flags): Promise<number> => {
  const base = await baseOf(values);
  const usage = (events: readonly EventSchema[]) =>
    usageOf(root, events).catch((error: unknown) => {
      throw failure(`the types of the events cannot be generated: ${messageOf(error)}`);
    });
  const reviewed = await reviewContract(readContract(), base, subscribersOf(root), usage);
  if (isJson()) printJson(reviewed);
  else print(asMarkdown(reviewed).trimEnd());
  return exitCodes[reviewed.verdict];
};

const diff = async (values: Flags): Promise<number> => {
  const base = await baseOf(values);
  const events = changedEvents(base, readContract()).map(({ before, after }) => ({
    event: (after ?? before)?.eventType ?? '',
    change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    findings: before && after ? review(before, after).findings : [],
  }));
  if (isJson()) printJson({ base: base.name, commit: base.commit, events });
  else if (events.length === 0) print(`unchanged since ${base.name} (${base.commit.slice(0, 9)})`);
  else for (const line of differenceLines(events)) print(line);
  return 0;
};

/** The registry of --registry, with the credentials and TLS settings of the environment, or the registry of the environment. */
const registryOf = ({ registry }: Flags): RegistryAddress => {
  if (registry === undefined) return stackOf(process.env).registry;
  if (!URL.canParse(registry))
    throw failure(`--registry is a URL such as http://registry:8081${registryPath}`);
  return stackOf({ ...process.env, SCHEMA_REGISTRY_URL: registry }).registry;
};

const register = async (values: Flags): Promise<number> => {
  const { registered, unchanged, verified } = await registerSchemas(registryOf(values), readContract());
  if (isJson()) printJson({ registered, unchanged, verified });
  else {
    print(`${registered} registered, ${unchanged} were there`);
    for (const sentence of verified) print(`  ${sentence}`);
  }
  return 0;
};

const verify = async (values: Flags): Promise<number> => {
  const contract = readContract();
  const registry = registryOf(values);
  const found = await readReleaseStates(registry, contract.releases);
  const foreign = await foreignSubjects(registry, contract);
  const wrong = found.filter(({ state }) => state !== 'registered');
  if (isJson()) {
    const rows = found.map(({ release, state }) => ({
      event: release.event,
      version: release.version,
      id: release.id,
      state,
    }));
    printJson({ releases: rows, foreign });
    return wrong.length === 0 ? 0 : 1;
  }
  for (const { release, sentence } of wrong) print(`${labelOf(release)} ${sentence}`);
  if (foreign.length > 0) print(`subjects outside this contract: ${foreign.join(', ')}`);
  const missing = wrong.filter(({ state }) => state === 'missing').length;
  if (wrong.length === 0) print(`${found.length} releases have the recorded ids`);
  else if (missing === found.length)
    print(
      `the registry has lost everything: run \`npm run schemas -- restore\`, see connectors/runbooks/registry-lost.md`,
    );
  else if (missing === wrong.length)
    print(`${missing} of ${found.length} releases are missing; run: npm run schemas -- register`);
  else print('some ids differ from the recorded ids: see connectors/runbooks/registry-lost.md');
  return wrong.length === 0 ? 0 : 1;
};

const restore = async (values: Flags): Promise<number> => {
  const contract = readContract();
  const registry = registryOf(values);
  const { registered, unchanged, verified } = await registerSchemas(registry, contract);
  const records = await readGoldenBytes(registry, contract);
  if (isJson()) printJson({ registered, unchanged, verified, records });
  else {
    print(`${registered} restored, ${unchanged} were there`);
    for (const sentence of verified) print(`  ${sentence}`);
    print(`  ${records} golden records of all versions are read through the registry`);
  }
  return 0;
};

export const schemas = commandLine(
  'npm run schemas',
  'Checks, reviews, releases and registers the event contract.',
  'check',
  'report --base origin/main',
).option('--json', 'print JSON');

const base = ['--base <rev>', 'the revision to compare with (default: origin/main, or main)'] as const;
const registry = [
  '--registry <url>',
  "URL of the registry's Confluent API (default: SCHEMA_REGISTRY_URL, or the stack on this machine)",
] as const;

subcommand(
  schemas,
  'check',
  'lint the schemas, check that releases are unchanged, and read the golden bytes of every writer with every reader; exit code 1: there is a problem',
  '--base main',
)
  .option(...base)
  .action(withExitCode(check));
subcommand(
  schemas,
  'diff',
  'show the changes of each event since the base, field by field',
  '',
  '--base HEAD~1 --json',
)
  .option(...base)
  .action(withExitCode(diff));
subcommand(
  schemas,
  'report',
  'review the changes, in Markdown: verdict and reason, readers, deployment order, alternatives; exit code 0: FULL, 3: BACKWARD at most, 4: FORWARD at most, 5: NONE',
)
  .option(...base)
  .action(withExitCode(report));
subcommand(schemas, 'release', 'release the working version of the events', '', 'order.created --amend')
  .argument('[event...]', 'the events (default: all changed events)')
  .option('--amend', 'replace a version that the base does not have yet')
  .option(...base)
  .action(withExitCode(release));
subcommand(
  schemas,
  'register',
  'register the releases under their recorded ids; verify ids and modes, and that modes are enforced',
)
  .option(...registry)
  .action(withExitCode(register));
subcommand(
  schemas,
  'verify',
  'compare the ids in the registry with the recorded ids, and change nothing; exit code 1: a release is missing or has another id',
  `--registry http://registry:8081${registryPath}`,
)
  .option(...registry)
  .action(withExitCode(verify));
subcommand(
  schemas,
  'restore',
  'refill a registry that has lost its storage, then read golden bytes through it',
)
  .option(...registry)
  .action(withExitCode(restore));
subcommand(schemas, 'generate', 'write the generated files: types, catalogue, AsyncAPI document').action(
  withExitCode(generate),
);
