// Chooses the stack on which the tests run. The default is the embedded stack, which needs no Docker.
import { choiceFrom, stackVariables } from './variables.ts';

/** Throws a failure for any value other than `embedded` and `docker`. Without a value: `embedded`. */
export const stackKindFrom = (env: Readonly<Record<string, string | undefined>>): 'embedded' | 'docker' =>
  choiceFrom(env, stackVariables.stack.env, ['embedded', 'docker']);
