// The environment variables of the commands and the embedded stack, except ports and passwords (see topology.ts). They are read
// where they are used and listed in services/SETTINGS.md.
import { failure } from '../../schemas/tools/failure.ts';

export interface StackVariable {
  readonly env: string;
  readonly description: string;
  /** Completes the sentence "expected …". */
  readonly expected: string;
  /** The default, or the behaviour when the variable is not set. */
  readonly whenUnset: string;
  readonly secret?: boolean;
}

export const stackVariables = {
  data: {
    env: 'ORDERFLOW_DATA',
    description: 'Where the stack stores all data that survives a restart.',
    expected: 'a path',
    whenUnset: '`.orderflow` in the project',
  },
  cache: {
    env: 'ORDERFLOW_CACHE',
    description:
      'Where Java artefacts, compiled code and the built pages are cached. All clones share this cache.',
    expected: 'a path',
    whenUnset: '`orderflow` in `XDG_CACHE_HOME`, or in `~/.cache`',
  },
  java: {
    env: 'JAVA_HOME',
    description: 'A JDK, in addition to those on the PATH and in the usual places. The newest JDK is used.',
    expected: 'the folder of a JDK',
    whenUnset: 'only the PATH and the usual places',
  },
  token: {
    env: 'ORDERFLOW_TOKEN',
    description: 'The access token of `npm run reconcile`, for services that trust another issuer.',
    expected: 'an access token of a user with the role ADMIN',
    whenUnset: 'the command signs in as the demo admin',
    secret: true,
  },
  jaeger: {
    env: 'JAEGER_URL',
    description: 'The Jaeger from which `npm run journey` reads spans.',
    expected: 'an address such as http://localhost:16686',
    whenUnset: 'spans are read only from files',
  },
  exactlyOnce: {
    env: 'EXACTLY_ONCE',
    description:
      'Whether Kafka Connect publishes in transactions, so that readers without an inbox see each event once. Transactions cost a third of the throughput.',
    expected: 'enabled or disabled',
    whenUnset: 'disabled',
  },
  faultRounds: {
    env: 'FAULT_ROUNDS',
    description:
      'How often the fault tests repeat each kill. With more than 1, the other fault tests use more load and longer outages. The drills also interrupt a recovery at more steps, and upgrade Debezium.',
    expected: 'a whole number',
    whenUnset: '1',
  },
  seed: {
    env: 'SEED',
    description: 'The seed of the random histories in the tests. A failed test prints its seed.',
    expected: 'a whole number',
    whenUnset: 'a new seed in each run',
  },
  stack: {
    env: 'ORDERFLOW_STACK',
    description: 'Whether the tests run on child processes or on containers of Testcontainers.',
    expected: '`embedded` or `docker`',
    whenUnset: '`embedded`',
  },
  browser: {
    env: 'ORDERFLOW_BROWSER',
    description: 'The browser for the tests of the pages and for `npm run screenshots`.',
    expected: 'the path of a Chrome, Chromium or Edge program',
    whenUnset: 'the first browser found in the usual places',
  },
  keepTestData: {
    env: 'ORDERFLOW_KEEP_TEST_DATA',
    description: 'When set to any text, the data folder of a test run is kept.',
    expected: 'any text',
    whenUnset: 'the folder is deleted',
  },
} as const satisfies Record<string, StackVariable>;

/** The value of a variable with two choices; the first is the default. Throws a failure for any other value. */
export const choiceFrom = <Value extends string>(
  env: Readonly<Record<string, string | undefined>>,
  variable: string,
  choices: readonly [Value, Value],
): Value => {
  const value = env[variable];
  if (value === undefined || value === '') return choices[0];
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined)
    throw failure(`${variable} must be ${choices.join(' or ')}, but it is "${value}"`);
  return choice;
};
