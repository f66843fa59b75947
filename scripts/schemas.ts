// npm run schemas -- <verb>: the event contract as something that is reviewed, released and registered like code. The verbs and
// their exit codes are in `usage`; 2 always means that it could not be done, with a sentence that says why.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { schemasFolder } from './generate-events.ts';
import { checkContract } from './schemas/check.ts';
import { writeDerived } from './schemas/derived.ts';
import { findBase, type Base } from './schemas/history.ts';
import { readContract } from './schemas/releases.ts';
import { releaseEvents } from './schemas/release.ts';
import { explain, failure } from './stack/failure.ts';

const usage = `usage: npm run schemas -- <verb> [options]

  check                       lint, unchanged history, every reader against every writer on golden bytes; 1: something is wrong
  release [event …] [--amend] freezes the working version of the events, of all that changed when none is named; --amend
                              replaces a version that the base does not have yet
  generate                    writes what follows from the schemas: types, catalogue, AsyncAPI document

  --base <rev>                the revision to compare with; origin/main, or main, when absent
  --json                      for programs`;

const root = join(import.meta.dirname, '..');
const parsed = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        base: { type: 'string' },
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
  for (const file of await writeDerived()) say(`wrote ${file}`);
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
    case 'generate':
      for (const file of await writeDerived()) say(`wrote ${file}`);
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
