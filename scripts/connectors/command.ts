// npm run connectors -- <command>: the connectors as code. What the files in connectors/ say is checked, compared with what
// Kafka Connect has and applied; what runs is shown, paused, restarted; offsets are shown beside the slot and reset. Exit code
// 0: done, and all is as it should be; 1: it is not; 2: it could not be done.
import { commandsOn, nameOf } from './commands.ts';
import { expectConnect } from './connect-admin.ts';
import { argumentsOf, stackOf } from '../operator/environment.ts';
import { explain, failure } from '../../schemas/tools/failure.ts';
import { serviceNames } from '../stack/topology.ts';

const usage = `usage: npm run connectors -- <command> [--connector <name>] [--json]
  validate [--offline]       lint the files; unless offline, have Connect validate them as well
  plan                       what apply would change, and what each change means
  apply [--allow-dangerous]  bring Connect to what the files say
  drift                      like plan, with exit code 1 when there is a difference
  status                     connectors, tasks and slots; exit code 1 when one does not publish
  restart [--failed]         start again, or only what has failed
  pause | resume | stop      stop also lets go of the slot and the offsets
  offsets get                what Connect has stored, beside the slot
  offsets reset --yes        forget it; the connector has to be stopped
  remove --yes               take a stopped connector out of Connect, then drop its slot`;

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

/** One has to say which, where a mistake would take three. */
const ofOne = new Set(['offsets reset', 'remove']);

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
  if (ofOne.has(name) && flags.connector === undefined)
    throw failure(`${name} is for one connector: --connector ${serviceNames.map(nameOf).join(' | ')}`);
  if (!(name === 'validate' && flags.offline)) await expectConnect(stack.urls.connect);
  const { ok, lines, json } = await command(chosen, flags);
  process.stdout.write(flags.json ? `${JSON.stringify(json, null, 2)}\n` : `${lines.join('\n')}\n`);
  return ok ? 0 : 1;
};

try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 2;
}
