// Chooses the stack on which the tests run. Embedded by default, so that the tests need no Docker.
import { choiceFrom, stackVariables } from './variables.ts';

/** Throws a failure for any other value of the variable. */
export const stackKindFrom = (env: Readonly<Record<string, string | undefined>>): 'embedded' | 'docker' =>
  choiceFrom(env, stackVariables.stack.env, ['embedded', 'docker']);
