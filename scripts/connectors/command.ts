// npm run connectors -- <command>: validates the files in connectors/, compares them with Kafka Connect and applies them; shows,
// pauses and restarts connectors; shows and resets offsets. Exit code 0: done, without a finding; 1: done, with a finding; 2: not
// done.
import { commandsOn, nameOf } from './commands.ts';
import { expectConnect } from './connect-admin.ts';
import { argumentsOf, print, printJson, runCommand } from '../operator/command-line.ts';
import { stackOf } from '../operator/environment.ts';
import { failure } from '../../schemas/tools/failure.ts';
import { serviceNames } from '../stack/topology.ts';

const usage = `usage: npm run connectors -- <command> [--connector <name>] [--json]
  validate [--offline]       lint the files and, unless offline, let Connect validate them
  plan                       show what apply would change, and the consequence of each change
  apply [--allow-dangerous]  apply the files to Connect
  drift                      like plan, with exit code 1 when there is a difference
  status                     show connectors, tasks and slots; exit code 1 when one does not publish
  restart [--failed]         restart connectors and tasks, or only the failed ones
  pause | resume | stop      stop also releases the slot and the offsets
  offsets get                show the offset that Connect has stored, and the slot
  offsets reset --yes        delete the stored offset of a stopped connector
  remove --yes               delete a stopped connector, then drop its slot`;

const parse = () =>
  argumentsOf(usage, {
    allowPositionals: true,
    options: {
      connector: { type: 'string' },
      json: { type: 'boolean', default: false },
      offline: { type: 'boolean', default: false },
      'allow-dangerous': { type: 'boolean', default: false },
      failed: { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
    },
  });

/** These commands delete something, so the connector has to be named. */
const forOneConnector = new Set(['offsets reset', 'remove']);

const run = async (): Promise<number> => {
  const { values: flags, positionals } = parse();
  const name = positionals.join(' ');
  const stack = stackOf(process.env);
  const command = commandsOn(stack)[name];
  if (command === undefined) throw failure(name === '' ? usage : `there is no command "${name}"\n${usage}`);
  const chosen = serviceNames.filter(
    (service) => flags.connector === undefined || nameOf(service) === flags.connector,
  );
  if (chosen.length === 0)
    throw failure(
      `there is no connector "${flags.connector ?? ''}", only ${serviceNames.map(nameOf).join(', ')}`,
    );
  if (forOneConnector.has(name) && flags.connector === undefined)
    throw failure(`${name} is for one connector: --connector ${serviceNames.map(nameOf).join(' | ')}`);
  if (!(name === 'validate' && flags.offline)) await expectConnect(stack.urls.connect);
  const { ok, lines, json } = await command(chosen, flags);
  if (flags.json) printJson(json);
  else print(lines.join('\n'));
  return ok ? 0 : 1;
};

await runCommand(run);
