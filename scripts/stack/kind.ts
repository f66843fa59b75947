// On what the tests run. Embedded unless somebody asks for containers, so that the tests need no Docker where there is none;
// what they assert is the same on both.
import { failure } from '../../schemas/tools/failure.ts';
import { stackVariables } from './variables.ts';

export type StackKind = 'embedded' | 'docker';

/** Throws a failure for a value that is neither. */
export const stackKindFrom = (env: Readonly<Record<string, string | undefined>>): StackKind => {
  const variable = stackVariables.stack.env;
  const kind = env[variable];
  if (kind === undefined || kind === '' || kind === 'embedded') return 'embedded';
  if (kind === 'docker') return kind;
  throw failure(`${variable} must be embedded or docker, but it is "${kind}"`);
};
