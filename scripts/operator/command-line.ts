// Arguments, output and exit code of every command. Commander parses the arguments and writes the help. `explain` gives one
// sentence for a Failure or an error of the environment. Any other error is a defect and is printed with its stack trace.
import {
  Command,
  CommanderError,
  InvalidArgumentError,
  type CommandUnknownOpts,
} from '@commander-js/extra-typings';
import { explain } from '../../schemas/tools/failure.ts';

export type Print = (line?: string) => void;

export const print: Print = (line = '') => {
  process.stdout.write(`${line}\n`);
};

/** Prints lines for people, or nothing when the command prints JSON. */
export const printUnless = (json: boolean | undefined): Print => (json ? () => undefined : print);

export const printJson = (value: unknown): void => {
  print(JSON.stringify(value, null, 2));
};

/** The end of a help text: the command with the arguments of each example. */
const exampleText = (command: string, examples: readonly string[]): string =>
  ['', 'Examples:', ...(examples.length > 0 ? examples : ['']).map((args) => `  ${command} ${args}`)]
    .map((line) => line.replace(/(?: --)? $/, ''))
    .join('\n');

/** Creates a command. `name` is the text before `--`, such as `npm run audit`. Each example has only the arguments. */
export const commandLine = (name: string, description: string, ...examples: readonly string[]) =>
  new Command(`${name} --`)
    .description(description)
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .addHelpText('after', exampleText(`${name} --`, examples))
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      outputError: (text, write) => {
        write(text.replace(/^error: /, ''));
      },
    })
    .exitOverride();

/** A subcommand; it inherits the settings of its parent. */
export const subcommand = (
  parent: CommandUnknownOpts,
  name: string,
  description: string,
  ...examples: readonly string[]
) => {
  const [above = ''] = parent.createHelp().commandUsage(parent).split(' [');
  return parent
    .command(name)
    .description(description)
    .addHelpText('after', exampleText(`${above} ${name}`, examples));
};

/** The action of a command that returns its exit code. */
export const withExitCode =
  <A extends unknown[]>(work: (...args: A) => number | Promise<number>) =>
  async (...args: A): Promise<void> => {
    process.exitCode = await work(...args);
  };

const showUsageAfterErrors = (command: CommandUnknownOpts): void => {
  const usage = command.createHelp().commandUsage(command);
  command.showHelpAfterError(`usage: ${usage}\n--help explains the arguments`);
  command.commands.forEach(showUsageAfterErrors);
};

/** Runs a command with the arguments of this process. Sets exit code 2 when the arguments are wrong, `failed` when it throws. */
export const runCommand = async (command: CommandUnknownOpts, failed = 2): Promise<void> => {
  showUsageAfterErrors(command);
  try {
    await command.parseAsync();
  } catch (error) {
    // Commander has printed the help, or the error in the arguments.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      process.stderr.write(`${explain(error)}\n`);
      process.exitCode = failed;
    }
  }
};

const parseNumber = (text: string, kind: string, isKind: (value: number) => boolean): number => {
  const value = Number(text);
  if (text.trim() === '' || !isKind(value)) throw new InvalidArgumentError(`It must be ${kind}.`);
  return value;
};

/** Parses an option that is a number in this range. */
export const numberFrom =
  (least: number, most: number) =>
  (text: string): number =>
    parseNumber(text, `a number from ${least} to ${most}`, (value) => value >= least && value <= most);

/** Parses an option that is a whole number in this range. */
export const wholeNumber =
  (least = 1, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number =>
    parseNumber(
      text,
      `a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}`,
      (value) => Number.isInteger(value) && value >= least && value <= most,
    );

/** Seconds, up to a week. */
export const secondsNumber = numberFrom(0, 7 * 24 * 3_600);

/** Parses an option that can be given several times. */
export const collect = (value: string, values: readonly string[]): readonly string[] => [...values, value];
