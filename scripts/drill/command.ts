// npm run drill: kills the containers of docker-compose.yml one after the other under a small load and starts each again after
// some seconds. Reports how long each part was down, how many orders were placed and paid, and the findings of the auditor. Exit
// code 0: every order was paid once, no pause was too long, all invariants hold; 1: one of these failed; 2: the drill could not
// run.
import postgres from 'postgres';
import { newProduct, signIn } from '../bench/shop.ts';
import { paidAt } from '../bench/stages.ts';
import { isHealthy, killContainer, runningContainers, startContainer, type Container } from './containers.ts';
import { longestGap, problemsOf, tableOf, type Outcome } from './outcome.ts';
import { placeOrdersDuring } from './load.ts';
import { pause, seconds, until } from '../stack/supervise/deadline.ts';
import {
  commandLine,
  numberFrom,
  printJson,
  printUnless,
  withExitCode,
  type Print,
} from '../operator/command-line.ts';
import { stackOf } from '../operator/environment.ts';
import { failure, isStopped } from '../../schemas/tools/failure.ts';
import { openAuditorView } from '../operator/auditor-view.ts';
import { profilePorts } from '../stack/topology.ts';

const upToAnHour = numberFrom(0.001, 3_600);
const healthyWithinMs = 180_000;
const paidWithinMs = 180_000;
const quietWithinMs = 120_000;
/** How long the load runs before the kill, and after the part is healthy again. */
const [leadMs, trailMs] = [2_000, 3_000];

const interrupted = new AbortController();
const { signal } = interrupted;

interface Drill {
  readonly perSecond: number;
  /** Time between the kill and the start of the container. */
  readonly restartAfterMs: number;
  readonly longestMs: number;
  readonly addresses: readonly string[];
  readonly say: Print;
}

/** The findings of the auditor that are left after the events have had time to arrive. */
const auditFindings = async (): Promise<string[]> => {
  const view = await openAuditorView(process.env, 30_000);
  try {
    const deadline = performance.now() + quietWithinMs;
    for (;;) {
      const { violations, inFlight, stuck } = await view.checkTwice();
      const open = [
        ...[...violations, ...inFlight].map(({ sentence }) => sentence),
        ...stuck.map(({ orderId, status }) => `order ${orderId} is stuck as ${status}`),
      ];
      if (open.length === 0 || performance.now() > deadline) return open;
      await pause(2_000, signal);
    }
  } finally {
    await view.close();
  }
};

/** When each order was paid, epoch ms: the commit time in the database, so that the delay of polling is not included. */
const paidTimes = async (ids: readonly string[]): Promise<Map<string, number>> => {
  const sql = postgres(stackOf(process.env).databaseUrl('order', 'auditor'), {
    max: 1,
    connect_timeout: 5,
    onnotice: () => undefined,
  });
  const deadline = performance.now() + paidWithinMs;
  try {
    for (;;) {
      const paid = await paidAt(sql, ids);
      if (paid.size === ids.length || performance.now() > deadline) return paid;
      await pause(1_000, signal);
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
};

/** Kills the container, starts it again in any case, and returns how long it was away, ms. */
const killAndStart = async (container: Container, drill: Drill): Promise<number> => {
  const { part } = container;
  await killContainer(container);
  const killedAt = performance.now();
  drill.say(`${part}: killed`);
  try {
    await pause(drill.restartAfterMs, signal);
  } finally {
    await startContainer(container);
  }
  drill.say(`${part}: started again`);
  await until({ what: `${part} to be healthy`, withinMs: healthyWithinMs, everyMs: 250, signal }, () =>
    isHealthy(container),
  );
  const awayMs = Math.round(performance.now() - killedAt);
  drill.say(`${part}: healthy again after ${seconds(awayMs)}`);
  return awayMs;
};

const drillPart = async (container: Container, drill: Drill): Promise<Outcome> => {
  const { part } = container;
  const productId = await newProduct(await signIn('seller@orderflow.io'), 100_000);
  const token = await signIn('user@orderflow.io');
  drill.say(`${part}: placing ${drill.perSecond} orders per second`);
  const from = Date.now();
  let awayMs = 0;
  const work = async (): Promise<void> => {
    await pause(leadMs, signal);
    awayMs = await killAndStart(container, drill);
    await pause(trailMs, signal);
  };
  const orders = await placeOrdersDuring(work, { ...drill, token, productId, signal });
  drill.say(`${part}: all ${orders.length} orders are accepted; waiting for payment`);
  const paid = await paidTimes(orders.map(({ orderId }) => orderId));
  drill.say(`${part}: ${paid.size} orders are paid; running the auditor's checks`);
  const took = orders.map(({ orderId, sentAt }) => (paid.get(orderId) ?? sentAt) - sentAt);
  const outcome: Outcome = {
    part,
    awayMs,
    placed: orders.length,
    paid: paid.size,
    acceptedPauseMs: longestGap(
      from,
      orders.map(({ acceptedAt }) => acceptedAt),
    ),
    paidPauseMs: longestGap(from, [...paid.values()]),
    slowestMs: Math.round(Math.max(0, ...took)),
    findings: await auditFindings(),
  };
  const problems = problemsOf(outcome, drill.longestMs);
  drill.say(`${part}: ${problems.length === 0 ? 'passed' : problems.slice(0, 5).join('; ')}`);
  return outcome;
};

interface Flags {
  readonly rate: number;
  readonly away: number;
  readonly longest: number;
  readonly json?: true | undefined;
}

const drillParts = async (parts: readonly string[], flags: Flags): Promise<number> => {
  for (const name of ['SIGINT', 'SIGTERM'])
    process.on(name, () => {
      interrupted.abort();
    });
  const perSecond = flags.rate;
  const longestMs = flags.longest * 1_000;
  const say = printUnless(flags.json);
  const running = await runningContainers();
  const unknown = parts.find((name) => running.every(({ part }) => part !== name));
  if (unknown !== undefined)
    throw failure(
      `no container of "${unknown}" is running, only of ${running.map(({ part }) => part).join(', ')}`,
    );
  const { urls } = stackOf(process.env);
  const { env, default: port } = profilePorts.cluster.order;
  const addresses = running.some(({ part }) => part === 'order-2')
    ? [urls.order, `http://localhost:${process.env[env] ?? port}`]
    : [urls.order];

  const before = await auditFindings();
  if (before[0] !== undefined)
    throw failure(`the auditor finds a problem before the drill (${before[0]}); npm run audit`);
  const drill: Drill = { perSecond, restartAfterMs: flags.away * 1_000, longestMs, addresses, say };
  const outcomes: Outcome[] = [];
  for (const container of running) {
    if (parts.length > 0 && !parts.includes(container.part)) continue;
    outcomes.push(await drillPart(container, drill));
  }

  const wrong = outcomes.flatMap((outcome) =>
    problemsOf(outcome, longestMs).map((sentence) => ({ part: outcome.part, sentence })),
  );
  if (flags.json) printJson({ outcomes, wrong });
  say(['', ...tableOf(outcomes), ''].join('\n'));
  for (const { part, sentence } of wrong.slice(0, 50)) say(`${part}: ${sentence}`);
  if (wrong.length === 0) say('Nothing was lost, nothing happened twice, no pause was too long.');
  return wrong.length === 0 ? 0 : 1;
};

export const drill = commandLine(
  'npm run drill',
  'Kills each container under load and checks that nothing is lost.',
  '',
  'kafka-2 connect --away 20 --longest 60',
)
  .argument('[part...]', 'running services of docker-compose.yml (default: all, one after the other)')
  .option('--rate <orders>', 'orders placed per second', upToAnHour, 4)
  .option('--away <seconds>', 'time until a killed container is started again', upToAnHour, 5)
  .option(
    '--longest <seconds>',
    'the longest pause that is allowed; the circuit breaker of the gateway alone can cause 15 seconds',
    upToAnHour,
    30,
  )
  .option('--json', 'print JSON')
  .action(
    withExitCode((parts, flags) =>
      drillParts(parts, flags).catch((error: unknown) => {
        throw isStopped(error)
          ? failure('interrupted; every killed container has been started again')
          : error;
      }),
    ),
  );
