// What every command does with its arguments and its exit code. A Failure is printed as its sentence; any other error is a
// defect and is printed with its stack trace.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { explain, failure, messageOf } from '../../schemas/tools/failure.ts';
import { serviceNames, type ServiceName } from '../stack/topology.ts';

export type Print = (line?: string) => void;

export const print: Print = (line = '') => {
  process.stdout.write(`${line}\n`);
};

/** Prints lines for people, or nothing when the command prints JSON. */
export const printUnless = (json: boolean): Print => (json ? () => undefined : print);

export const printJson = (value: unknown): void => {
  print(JSON.stringify(value, null, 2));
};

/** Runs a command and sets the exit code it returns; 2 when it throws. */
export const runCommand = async (
  command: () => Promise<number>,
  errorText: (error: unknown) => string = explain,
): Promise<void> => {
  try {
    process.exitCode = await command();
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    process.exitCode = 2;
  }
};

/** Parses the arguments of a command. Throws a failure that ends with the usage. */
export const argumentsOf = <T extends ParseArgsConfig>(
  usage: string,
  config: T,
): ReturnType<typeof parseArgs<T>> => {
  try {
    return parseArgs<T>(config);
  } catch (error) {
    throw failure(`${messageOf(error)}\n${usage}`);
  }
};

/** Throws a failure when there is no service of that name. */
export const serviceNamed = (name: string, usage: string): ServiceName => {
  const service = serviceNames.find((candidate) => candidate === name);
  if (service === undefined)
    throw failure(`there is no service "${name}", only ${serviceNames.join(', ')}\n${usage}`);
  return service;
};
