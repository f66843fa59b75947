// Every npm command in a runbook must exist, with every flag and argument, and every curl and psql command must use an address of the
// stack: a runbook is read during an incident. links.test.ts checks the links.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands, refusalOf } from './documents/all-commands.ts';
import { stackOf } from '../operator/environment.ts';
import { serviceNames } from '../stack/topology.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'connectors', 'runbooks');
const runbooks = readdirSync(folder).filter((file) => file.endsWith('.md'));
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

const packageScripts: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
).scripts;

/** The commands in the shell blocks, one per line. */
const commandsIn = (text: string): string[] =>
  [...text.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(([, block = '']) =>
    block
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  );
/** The npm commands in the text, such as `npm run doctor`. */
const mentionedIn = (text: string): string[] =>
  [...text.matchAll(/`(npm (?:run|start|test)[^`]*)`/g)].map(([, command = '']) => command);

const parts: readonly string[] = [
  ...serviceNames,
  ...serviceNames.map((service) => `${service}-db`),
  ...['auditor', 'gateway', 'dashboard', 'kafka', 'connect', 'registry'],
];
const defaultStack = stackOf({});
const addresses = Object.values(defaultStack.ports).map((port) => `localhost:${port}/`);
const databases = serviceNames.map((service) =>
  defaultStack.databaseUrl(service, 'admin').replace('127.0.0.1', 'localhost'),
);

/** curl must use a port of the stack, psql a database of the stack. */
const wrongAddress = (command: string): string | undefined =>
  (command.startsWith('psql') ? databases : addresses).some((address) => command.includes(` ${address}`))
    ? undefined
    : 'uses an address outside of the stack';

const kafkaCommands = [
  /^kafka-transactions\.sh --bootstrap-server \$BROKERS (find-hanging|describe-producers|abort) /,
  /^kafka-configs\.sh --bootstrap-server \$BROKERS --alter --topic \S+ --add-config \S+=\S+$/,
];

/** The arguments, with a value for each placeholder such as `<name>`. */
const argumentsIn = (text: string): string[] =>
  text
    .replace('<name>', 'order-outbox')
    .replace('<service>', 'order')
    .replace(/<[^>]+>/g, 'x')
    .split(' ');

/** The defect of a command; undefined when the command is correct. */
const defectOf = (command: string): string | undefined => {
  const words = command.replace(/^([A-Z_]+=\S+ )+/, '').split(' ');
  if (words[0] === 'git') return undefined;
  if (words[0] === 'curl' || words[0] === 'psql') return wrongAddress(command);
  if (words[0] === 'tail' || words[0] === 'grep') {
    const part = /\.orderflow\/logs\/([a-z-]+)\.log/.exec(command)?.[1] ?? '';
    return parts.includes(part) ? undefined : `names no log of a part: ${part}`;
  }
  if (words[0]?.startsWith('kafka-') === true)
    return kafkaCommands.some((known) => known.test(command)) ? undefined : 'is not a command of Kafka';
  if (words[0] !== 'npm') return 'is not a command of this project';
  const [, script = '', args] =
    /^npm (?:run |(?=start\b|test\b))(\S+)(?: (.*))?$/.exec(words.join(' ')) ?? [];
  const runs = packageScripts[script];
  if (runs === undefined) return `has no script ${script}`;
  if (args === undefined) return undefined;
  if (!args.startsWith('-- ')) return 'passes its arguments without --';
  const program = commands[/run\.mjs (\S+)/.exec(runs)?.[1] ?? script];
  if (program !== undefined) return refusalOf(program, argumentsIn(args.slice(3)));
  // The scripts for tests pass their arguments to Vitest, and only names of test files are allowed.
  return args.slice(2).includes(' -') ? 'passes an option to Vitest' : undefined;
};

describe('the runbooks', () => {
  it.each(runbooks)('contain only commands that exist: %s', (file) => {
    const commands = [...commandsIn(read(file)), ...mentionedIn(read(file))];
    expect(
      commands.flatMap((command) => {
        const defect = defectOf(command);
        return defect === undefined ? [] : [`${command}: ${defect}`];
      }),
    ).toEqual([]);
    if (file !== 'README.md') expect(commandsIn(read(file)).length).toBeGreaterThan(0);
  });

  it('are checked for unknown commands, flags, connectors, services, addresses and logs', () => {
    for (const command of [
      'npm run surgeon',
      'npm run doctor -- --cure',
      'npm run connectors -- explode',
      'npm run connectors -- stop --connector orders',
      'npm run recover -- orders',
      'npm run doctor --json',
      'npm doctor',
      'npm test -- -u',
      'kafka-topics.sh --list',
      'curl -s localhost:1234/pipelines',
      'psql postgres://postgres:orderflow@localhost:5441/order -c "select 1"',
      'tail -5 .orderflow/logs/broker.log',
    ])
      expect(defectOf(command), command).toBeDefined();
  });

  it('are all linked from connectors/runbooks/README.md, to which README.md and connectors/README.md link', () => {
    for (const file of runbooks.filter((name) => name !== 'README.md'))
      expect(read('README.md')).toContain(`](${file})`);
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain('](connectors/runbooks/README.md)');
    expect(readFileSync(join(dirname(folder), 'README.md'), 'utf8')).toContain('](runbooks/README.md)');
  });

  it('that findings refer to exist', () => {
    const sources = [
      'services/auditor/pipelines/slot-health.ts',
      'scripts/doctor/judge-database.ts',
      'scripts/doctor/judge-connect.ts',
      'scripts/doctor/judge-kafka.ts',
      'services/auditor/drift/impact-table.ts',
    ];
    const linked = sources.flatMap((source) =>
      [...readFileSync(join(root, source), 'utf8').matchAll(/connectors\/runbooks\/([a-z-]+\.md)/g)].map(
        ([, file = '']) => file,
      ),
    );
    expect(linked.length).toBeGreaterThan(3);
    expect(linked.filter((file) => !runbooks.includes(file))).toEqual([]);
  });
});
