// The variables of the commands and of the embedded stack, beside the ports and passwords of the topology: named here, read
// where they are used, listed in services/SETTINGS.md.

export interface StackVariable {
  readonly env: string;
  readonly about: string;
  /** Completes the sentence "expected …". */
  readonly expected: string;
  /** What goes when it is not set. */
  readonly otherwise: string;
  readonly secret?: boolean;
}

export const stackVariables = {
  data: {
    env: 'ORDERFLOW_DATA',
    about: 'Where the stack keeps everything that survives a restart.',
    expected: 'a path',
    otherwise: '`.orderflow` in the project',
  },
  cache: {
    env: 'ORDERFLOW_CACHE',
    about: 'Where Java artefacts and compiled code are kept, for all clones.',
    expected: 'a path',
    otherwise: '`orderflow` in `XDG_CACHE_HOME`, or in `~/.cache`',
  },
  java: {
    env: 'JAVA_HOME',
    about: 'A JDK to consider beside those on the PATH and in the usual places; the newest is taken.',
    expected: 'the folder of a JDK',
    otherwise: 'none more is considered',
  },
  token: {
    env: 'ORDERFLOW_TOKEN',
    about: 'The access token of `npm run reconcile`, for services that trust another issuer.',
    expected: 'an access token of a user with the role ADMIN',
    otherwise: 'the command signs in as the demo admin',
    secret: true,
  },
  jaeger: {
    env: 'JAEGER_URL',
    about: 'Jaeger, where `npm run journey` asks for spans.',
    expected: 'an address such as http://localhost:16686',
    otherwise: 'spans are shown only from files',
  },
  exactlyOnce: {
    env: 'EXACTLY_ONCE',
    about:
      'Whether Kafka Connect publishes in transactions, so that readers without an inbox see each event once. Costs a third of the throughput.',
    expected: 'enabled or disabled',
    otherwise: 'disabled',
  },
  faultRounds: {
    env: 'FAULT_ROUNDS',
    about: 'How often the fault tests repeat each fault.',
    expected: 'a whole number',
    otherwise: '1',
  },
  seed: {
    env: 'SEED',
    about: 'What the random histories of the tests begin with; a failed test says which one it had.',
    expected: 'a whole number',
    otherwise: 'another one in each run',
  },
  stack: {
    env: 'ORDERFLOW_STACK',
    about: 'What the tests run on: child processes, or containers that Testcontainers starts.',
    expected: '`embedded` or `docker`',
    otherwise: '`embedded`',
  },
  browser: {
    env: 'ORDERFLOW_BROWSER',
    about: 'The browser in which the tests of the pages act.',
    expected: 'the path of a Chrome, Chromium or Edge',
    otherwise: 'the first that is installed at its usual path',
  },
  keepTestData: {
    env: 'ORDERFLOW_KEEP_TEST_DATA',
    about: 'When set to anything, the data folder of a test run is kept for a look.',
    expected: 'any text',
    otherwise: 'it is removed',
  },
} as const satisfies Record<string, StackVariable>;
