// `npm start`: boots the stack, prints its addresses, sends one order through it and runs until Ctrl-C.
import { provisionConnector } from './connectors/provision-connector.ts';
import { bootStack, type Stack } from './stack/boot.ts';
import { databaseUrlOf, type Urls } from './stack/addresses.ts';
import { dataFolder } from './stack/data-folder.ts';
import { demonstrate, demoPassword, demoUsers } from './stack/demonstration.ts';
import { explain, isStopped } from '../schemas/tools/failure.ts';
import { commandLine, runCommand } from './operator/command-line.ts';
import { formatJourney, readJourney } from './journey/journey.ts';
import { portsFrom } from './stack/ports.ts';
import { developmentPassword, passwords } from './stack/topology.ts';

const say = (line = ''): void => {
  console.log(line);
};
// Writing to a closed terminal must not interrupt the ordered stop.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const abort = new AbortController();
let stack: Stack | undefined;
let stopRequestedAt: number | undefined;
const { promise: finished, resolve: finish } = Promise.withResolvers<undefined>();

const stop = (): void => {
  const now = performance.now();
  if (stopRequestedAt !== undefined) {
    // One Ctrl-C can arrive twice: from the terminal, and forwarded by npm, which can take a while on a busy machine.
    if (now - stopRequestedAt < 2_500) return;
    say('killing the remaining processes');
    stack?.kill();
    process.exit(130);
  }
  stopRequestedAt = now;
  say('\nstopping … (Ctrl-C again kills at once)');
  abort.abort();
  finish(undefined);
};
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
process.on('SIGHUP', stop);
process.on('disconnect', stop);
process.channel?.unref();
// During the stop, a database client can throw because its server has gone.
process.on('uncaughtException', (error) => {
  if (stopRequestedAt !== undefined) return;
  console.error(explain(error));
  process.exitCode = 1;
  stop();
});

const table = (rows: readonly (readonly [string, string])[]): void => {
  const width = Math.max(...rows.map(([left]) => left.length));
  for (const [left, right] of rows) say(`  ${left.padEnd(width)}   ${right}`);
};

const printUrls = (urls: Urls): void => {
  say();
  table([
    ['dashboard', urls.dashboard],
    ['order API', `${urls.order}/docs`],
    ['inventory API', `${urls.inventory}/docs`],
    ['payment API', `${urls.payment}/docs`],
    ['payment gateway (mock)', urls.gateway],
    ['auditor', `${urls.auditor}/pipelines`],
    ['schema registry', urls.registry],
    ['Kafka Connect', urls.connect],
    ['Kafka', urls.kafka],
  ]);
  say();
  say(`  demo users, password ${demoPassword}`);
  table(demoUsers.map(({ email, role }) => [email, role]));
  say();
};

const printDemonstration = async (running: Stack): Promise<void> => {
  const result = await demonstrate(running.urls);
  if (result.kind === 'skipped') {
    say(`no result of the demonstration order: ${result.reason}`);
    return;
  }
  say(`demonstration order ${result.orderId}: ${result.status} after ${result.tookMs.toFixed(0)} ms`);
  const hops = await readJourney(
    (service) => ({
      url: databaseUrlOf(
        running.ports,
        service,
        'owner',
        process.env[passwords[service].owner] ?? developmentPassword,
      ),
    }),
    result.orderId,
  );
  for (const line of formatJourney(hops)) say(`  ${line}`);
};

const main = async (): Promise<void> => {
  const dataDir = dataFolder();
  const running = await bootStack({
    provisionConnector,
    ports: portsFrom(process.env),
    dataDir,
    log: say,
    env: process.env,
    signal: abort.signal,
  });
  stack = running;
  printUrls(running.urls);
  await printDemonstration(running);
  say();
  say(`all data is in ${dataDir}; Ctrl-C stops the stack, \`npm run reset\` deletes the data`);
};

const runUntilStopped = async (): Promise<void> => {
  try {
    await main();
    await finished;
  } catch (error) {
    if (!isStopped(error)) {
      console.error(explain(error));
      process.exitCode = 1;
    }
  }
  await stack?.stop();
  say(stack === undefined && process.exitCode === 1 ? 'not started' : 'stopped; nothing is left running');
  process.exit();
};

await runCommand(
  commandLine(
    'npm start',
    'Boots the stack, sends one order through it and runs until Ctrl-C. SETTINGS.md lists the variables.',
  ).action(runUntilStopped),
);
