// npm run connectors -- <command>: validates the files in connectors/, compares them with Kafka Connect and applies them; shows,
// pauses, restarts, stops and removes connectors; shows and resets offsets. Exit code 0: completed without findings; 1: completed
// with findings; 2: could not be completed.
import { Option } from '@commander-js/extra-typings';
import { commandsOn, nameOf, type Flags } from './commands.ts';
import { expectConnect } from './connect-admin.ts';
import { commandLine, print, printJson, subcommand, withExitCode } from '../operator/command-line.ts';
import { stackOf } from '../operator/environment.ts';
import { failure } from '../../schemas/tools/failure.ts';
import { serviceNames } from '../stack/topology.ts';

const names = serviceNames.map(nameOf);

export const connectors = commandLine(
  'npm run connectors',
  'Compares the connectors in Kafka Connect with their files, and operates them.',
  'status',
  'plan --json',
  'restart --failed --connector order-outbox',
)
  .addOption(new Option('--connector <name>', 'work on this connector only').choices(names))
  .option('--json', 'print JSON');

/** These commands delete something, so the connector has to be named. */
const forOneConnector: readonly string[] = ['offsets reset', 'remove'];

type CommandName = keyof ReturnType<typeof commandsOn>;
const perform = (name: CommandName) =>
  withExitCode(async (flags: Flags) => {
    const { connector, json } = connectors.opts();
    if (connector === undefined && forOneConnector.includes(name))
      throw failure(`${name} needs one connector: --connector ${names.join(' | ')}`);
    const stack = stackOf(process.env);
    if (!flags.offline) await expectConnect(stack.urls.connect);
    const chosen = serviceNames.filter((service) => connector === undefined || nameOf(service) === connector);
    const result = await commandsOn(stack)[name](chosen, flags);
    if (json) printJson(result.json);
    else print(result.lines.join('\n'));
    return result.ok ? 0 : 1;
  });

type Row = readonly [name: CommandName, description: string, flag?: string, whatFor?: string];
const rows: readonly Row[] = [
  ['validate', 'lint the files and let Connect validate them', '--offline', 'only lint the files'],
  ['plan', 'show what apply would change, and the consequence of each change'],
  ['apply', 'apply the files to Connect', '--allow-dangerous', 'also apply changes that are DANGEROUS'],
  ['drift', 'like plan, with exit code 1 when there is a difference'],
  ['status', 'show connectors, tasks and slots; exit code 1 when a connector does not publish'],
  ['restart', 'restart connectors and tasks', '--failed', 'restart only those that have failed'],
  ['pause', 'pause connectors; they keep their slot and their offsets'],
  ['resume', 'start paused or stopped connectors'],
  ['stop', 'stop connectors: the slot becomes inactive, so that offsets can be reset'],
  ['remove', 'delete a stopped connector, then drop its slot', '--yes', 'delete it'],
  ['offsets get', 'show the offset that Connect has stored, and the slot'],
  ['offsets reset', 'delete the stored offset of a stopped connector', '--yes', 'delete it'],
];
const offsets = subcommand(connectors, 'offsets', 'show or reset the stored offsets', 'get');
for (const [name, description, flag, whatFor] of rows) {
  const [first = '', second] = name.split(' ');
  const [parent, word] = second === undefined ? [connectors, first] : [offsets, second];
  const example = ['--connector order-outbox', ...(flag === undefined ? [] : [flag])].join(' ');
  const added = subcommand(parent, word, description, example).action(perform(name));
  if (flag !== undefined) added.option(flag, whatFor);
}
