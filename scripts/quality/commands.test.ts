// Operators read the help of a command during an incident, so the help must be complete and its examples must work.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands, refusalOf, withSubcommands } from './documents/all-commands.ts';

const namesAndCommands = Object.entries(commands);

const helpOf = (command: (typeof commands)[string]): string => {
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  return help;
};

describe('the command', () => {
  it.each(namesAndCommands)('%s describes each subcommand, argument and option', (_, command) => {
    for (const each of withSubcommands(command)) {
      expect(each.description(), each.name()).not.toBe('');
      for (const { description } of [...each.options, ...each.registeredArguments])
        expect(description, each.name()).not.toBe('');
    }
  });

  it.each(namesAndCommands)('%s accepts the examples of its help', (_, command) => {
    for (const each of withSubcommands(command)) {
      const help = helpOf(each);
      const examples = [...help.matchAll(/^ {2}npm run [\w:]+(?: -- (.+))?$/gm)].map(([, args = '']) => args);
      expect(examples, help).not.toEqual([]);
      for (const args of examples.filter((text) => !text.endsWith('--help')))
        expect(refusalOf(command, args === '' ? [] : args.split(' ')), args).toBeUndefined();
    }
  });

  it.each(namesAndCommands)('%s refuses an unknown option', (_, command) => {
    expect(refusalOf(command, ['--nonsense'])).toContain("unknown option '--nonsense'");
  });

  it.each([
    ['audit', '--grace -1', 'It must be a number from 0 to 604800.'],
    ['audit', '--grace=', 'It must be a number from 0 to 604800.'],
    ['bench', '--rates 10,x', 'It must be a whole number from 1.'],
    ['bench', 'backlog --bytes 5', 'It must be a whole number from 6 to 900000.'],
    ['bench', 'tracing --ratio 2', 'It must be a number from 0 to 1.'],
    ['bench', 'marathon', 'too many arguments'],
    ['bench', 'http load', 'too many arguments'],
    ['bench', 'http --rows 5', "unknown option '--rows'"],
    ['connectors', '', '(outputHelp)'],
    ['connectors', 'explode', "unknown command 'explode'"],
    ['connectors', 'plan --connector orders', 'Allowed choices are order-outbox, inventory-outbox'],
    ['connectors', 'plan --yes', "unknown option '--yes'"],
    ['doctor', 'me', 'too many arguments'],
    ['drill', '--rate 0', 'It must be a number from'],
    ['journey', '', "missing required argument 'id'"],
    ['journey', 'a/b', 'An order id is a UUID'],
    ['recover', 'orders', 'Allowed choices are order, inventory, payment'],
    ['schemas', 'check order.created', 'too many arguments'],
  ])('%s %s is refused', (name, args, sentence) => {
    const command = commands[name];
    if (command === undefined) throw new Error(`there is no command ${name}`);
    expect(refusalOf(command, args === '' ? [] : args.split(' '))).toContain(sentence);
  });

  it.each([
    ['connectors', '--json offsets get --connector payment-outbox'],
    ['bench', '--json http'],
    ['bench', '--rates 10 --json'],
    ['journey', '--logs a.log some-id --logs b.log'],
  ])('%s %s is accepted', (name, args) => {
    const command = commands[name];
    if (command === undefined) throw new Error(`there is no command ${name}`);
    expect(refusalOf(command, args.split(' '))).toBeUndefined();
  });

  it('doctor prints a sentence and the usage for wrong arguments, with exit code 2, and the help with exit code 0', () => {
    const run = (...args: readonly string[]) => {
      const entry = join(import.meta.dirname, '..', 'doctor.ts');
      const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8' });
      return { status, stdout, stderr };
    };
    expect(run('--nonsense')).toEqual({
      status: 2,
      stdout: '',
      stderr:
        "unknown option '--nonsense'\nusage: npm run doctor -- [options]\n--help explains the arguments\n",
    });
    expect(run('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Usage: npm run doctor -- [options]'),
      stderr: '',
    });
  });
});
