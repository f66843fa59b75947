// npm run schemas -- <verb>: checks, reviews, releases and registers the event contract. The verbs and their exit codes are in
// `usage`; exit code 2 always means that the command failed, with a sentence that says why.
import { join } from 'node:path';
import { schemasFolder, type EventSchema } from '../../schemas/tools/generate-events.ts';
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
import { argumentsOf, print, printJson, runCommand } from '../operator/command-line.ts';
import { stackOf } from '../operator/environment.ts';
import { failure, messageOf } from '../../schemas/tools/failure.ts';
import type { RegistryAddress } from '../../schemas/tools/registry-http.ts';
import { developmentAddresses, registryPath } from '../stack/topology.ts';

const usage = `usage: npm run schemas -- <verb> [options]

  check                       lint the schemas, check that releases are unchanged, and read the golden bytes of every writer
                              with every reader; 1: there is a problem
  diff                        show the changes of each event since the base, field by field
  report                      review the changes, in Markdown: verdict and reason, readers, deployment order, alternatives;
                              0: FULL, 3: BACKWARD at most, 4: FORWARD at most, 5: NONE
  release [event …] [--amend] release the working version of the events, or of all changed events; --amend replaces a version
                              that the base does not have yet
  register                    register the releases under their recorded ids; verify ids and modes, and that modes are enforced
  verify                      verify without a change; 1: a release is missing or has another id
  restore                     refill a registry that has lost its storage, then read golden bytes through it
  generate                    write the generated files: types, catalogue, AsyncAPI document

  --base <rev>                revision to compare with (default: origin/main, or main)
  --registry <url>            URL of the registry's Confluent API (default: the stack on this machine)
  --json                      print JSON`;

const root = join(import.meta.dirname, '..', '..');
const parse = () =>
  argumentsOf(`\n${usage}`, {
    allowPositionals: true,
    options: {
      base: { type: 'string' },
      registry: { type: 'string' },
      json: { type: 'boolean', default: false },
      amend: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });

type Flags = ReturnType<typeof parse>['values'];

const check = async ({ base: name, json }: Flags): Promise<number> => {
  const base = await findBase(root, name);
  const report = checkContract(readContract(), schemasFolder, base);
  if (json) printJson(report);
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

const release = async (events: readonly string[], { base: name, amend }: Flags): Promise<number> => {
  const base: Base | undefined = await findBase(root, name);
  const written = releaseEvents(readContract(), schemasFolder, events, { amend, base });
  for (const { event, version, id, samples } of written)
    print(`released ${event} v${version}: registry id ${id}, ${samples.length} golden records`);
  if (written.length === 0) print('nothing has changed since the last release');
  for (const file of await writeDerived(developmentAddresses)) print(`wrote ${file}`);
  return 0;
};

const baseOf = async ({ base: name }: Flags): Promise<Base> => {
  const base = await findBase(root, name);
  if (base === undefined)
    throw failure('neither origin/main nor main exists to compare with; give a revision with --base');
  return base;
};

const report = async (values: Flags): Promise<number> => {
  const base = await baseOf(values);
  const usage = (schemas: readonly EventSchema[]) =>
    usageOf(root, schemas).catch((error: unknown) => {
      throw failure(`the types of the events cannot be generated: ${messageOf(error)}`);
    });
  const reviewed = await reviewContract(readContract(), base, subscribersOf(root), usage);
  if (values.json) printJson(reviewed);
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
  if (values.json) printJson({ base: base.name, commit: base.commit, events });
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
  if (values.json) printJson({ registered, unchanged, verified });
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
  if (values.json) {
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
  else print('ids differ from the recorded ones: see connectors/runbooks/registry-lost.md');
  return wrong.length === 0 ? 0 : 1;
};

const restore = async (values: Flags): Promise<number> => {
  const contract = readContract();
  const registry = registryOf(values);
  const { registered, unchanged, verified } = await registerSchemas(registry, contract);
  const records = await readGoldenBytes(registry, contract);
  if (values.json) printJson({ registered, unchanged, verified, records });
  else {
    print(`${registered} restored, ${unchanged} were there`);
    for (const sentence of verified) print(`  ${sentence}`);
    print(`  ${records} golden records of all versions are read through the registry`);
  }
  return 0;
};

const main = async (): Promise<number> => {
  const { positionals, values } = parse();
  const [verb, ...events] = positionals;
  if (values.help) {
    print(usage);
    return 0;
  }
  if (verb !== 'release' && events.length > 0)
    throw failure(`${verb ?? ''} takes no argument ${events.join(' ')}\n\n${usage}`);
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
      for (const file of await writeDerived(developmentAddresses)) print(`wrote ${file}`);
      return 0;
    default:
      throw failure(verb === undefined ? usage : `there is no verb "${verb}"\n\n${usage}`);
  }
};

await runCommand(main);
