// `npm start`: boots everything, shows where it is, sends one order through it and then keeps it running until Ctrl-C.
import { provisionConnector } from './connectors/provision-connector.ts';
import { bootStack, type Stack } from './stack/boot.ts';
import { databaseUrlOf, type Urls } from './stack/addresses.ts';
import { dataFolder } from './stack/data-folder.ts';
import { demonstrate, demoPassword, demoUsers } from './stack/demonstration.ts';
import { explain, isStopped } from '../schemas/tools/failure.ts';
import { formatJourney, readJourney } from './journey/journey.ts';
import { portsFrom } from './stack/ports.ts';
import { developmentPassword, passwords } from './stack/topology.ts';

const say = (line = ''): void => {
  console.log(line);
};
// A terminal that has been closed must not end the ordered stop.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const abort = new AbortController();
let stack: Stack | undefined;
let asked: number | undefined;
let finish: () => void = () => undefined;
const finished = new Promise<void>((resolve) => {
  finish = resolve;
});

const stop = (): void => {
  const now = performance.now();
  if (asked !== undefined) {
    // One Ctrl-C can arrive twice: from the terminal, and passed on by npm, which may take a while on a busy machine.
    if (now - asked < 2_500) return;
    say('killing what still runs');
    stack?.kill();
    process.exit(130);
  }
  asked = now;
  say('\nstopping … (Ctrl-C again kills at once)');
  abort.abort();
  finish();
};
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
process.on('SIGHUP', stop);
process.on('disconnect', stop);
process.channel?.unref();
// A database client may be in the middle of a conversation with a server that is being stopped.
process.on('uncaughtException', (error) => {
  if (asked !== undefined) return;
  console.error(explain(error));
  process.exitCode = 1;
  stop();
});

const table = (rows: readonly (readonly [string, string])[]): void => {
  const width = Math.max(...rows.map(([left]) => left.length));
  for (const [left, right] of rows) say(`  ${left.padEnd(width)}   ${right}`);
};

const showUrls = (urls: Urls): void => {
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

const showDemonstration = async (running: Stack): Promise<void> => {
  const result = await demonstrate(running.urls);
  if (result.kind === 'skipped') {
    say(`no demonstration order: ${result.reason}`);
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
  showUrls(running.urls);
  await showDemonstration(running);
  say();
  say(`everything is in ${dataDir}; Ctrl-C stops, \`npm run reset\` forgets`);
};

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
say(process.exitCode === 1 ? 'not started' : 'stopped; nothing is left running');
process.exit();
