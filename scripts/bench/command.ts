// npm run bench: how long an event takes from its commit to the commit of what it causes, and an order from the request to
// PAID, on the stack that `npm start` runs. Latencies come from PostgreSQL's own commit timestamps, so neither polling nor
// the clock of this process is in them. Figures of one run are comparable with each other, not with another machine's.
// npm run bench -- backlog: what the pipeline of the payments does with a million rows that were written while it was stopped.
// npm run bench -- gate: transactions and round trips an order, against the committed ones, on a stack of its own.
// npm run bench -- load: placed → PAID at rising rates of arrival up to the knee, and where time and CPU go, on a stack of its own.
// npm run bench -- peers: this version beside an earlier one, a polling relay, the limit without a pipeline, and plain Kafka.
// npm run bench -- tracing: orders per second with tracing and without, as a ratio, on a stack of its own.
// npm run bench -- http: the order service under 200 clients for a minute.
// Exit code 0: measured, and what has to hold does; 1: it does not (the p99 of commit → published at 100 events/s is above its
// bound, the slot of the backlog is lost, something was answered 5xx or an invariant is broken); 2: it could not be measured.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchPeers } from './peers/peers.ts';
import { chartOf, markdownOf } from './peers/report.ts';
import { benchBacklog } from './backlog.ts';
import { benchGate } from './gate.ts';
import { benchHttp } from './http.ts';
import { benchLoad } from './load.ts';
import { judge, type Latency } from './latency.ts';
import { measureHop, measurePaid, publishedAt } from './events.ts';
import { runningSystem } from './system.ts';
import type { Say } from './own-stack.ts';
import { benchTracing } from './tracing.ts';
import { argumentsOf } from '../operator/command-line.ts';
import { explain, failure } from '../../schemas/tools/failure.ts';

const usage = `usage: npm run bench -- [http | backlog | gate | load | peers | tracing] [--json]
  (events)   [--rates 10,100] [--seconds 20] [--orders 30] [--p99 <ms>]
  http       [--clients 200] [--seconds 60]
  backlog    [--rows 1000000] [--bytes 600]
  gate       [--orders 40] [--write]
  load       [--rates 1,5,10,20,30,40,60,80] [--seconds 20] [--p99 1000]
  peers      [--commit 7d25a35] [--rounds 2] [--orders 600] [--out .orderflow/bench]
  tracing    [--rounds 2] [--orders 1500] [--clients 16] [--ratio 0.1]`;

const parse = () =>
  argumentsOf(usage, {
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      clients: { type: 'string' },
      rates: { type: 'string' },
      orders: { type: 'string' },
      rounds: { type: 'string', default: '2' },
      ratio: { type: 'string', default: '0.1' },
      p99: { type: 'string' },
      commit: { type: 'string', default: '7d25a35' },
      out: { type: 'string', default: '.orderflow/bench' },
      rows: { type: 'string', default: '1000000' },
      bytes: { type: 'string', default: '600' },
    },
  });
type Flags = ReturnType<typeof parse>['values'];

/** The number that a flag gives, from `least` on. */
const numberOf = (flag: string, text: string, least = 1, most = Number.MAX_SAFE_INTEGER): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most)
    throw failure(
      `--${flag} is a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}, not "${text}"`,
    );
  return value;
};

const ratesOf = (flags: Flags, otherwise: string): number[] =>
  (flags.rates ?? otherwise).split(',').map((rate) => numberOf('rates', rate));

const lineOf = ({ what, samples, p50, p90, p99, max }: Latency): string =>
  `${what.padEnd(36)} p50 ${p50} ms   p90 ${p90} ms   p99 ${p99} ms   max ${max} ms   (${samples})`;

/** The load under which the bound of the pipeline has to hold, events per second. */
const judgedRate = 100;

const measureEvents = async (flags: Flags, say: Say): Promise<number> => {
  const rates = ratesOf(flags, '10,100');
  const seconds = numberOf('seconds', flags.seconds ?? '20');
  const orders = numberOf('orders', flags.orders ?? '30');
  const p99AtMost = numberOf('p99', flags.p99 ?? '100');
  const latencies: Latency[] = [];
  const tell = (measured: readonly Latency[]): void => {
    for (const latency of measured) say(lineOf(latency));
    latencies.push(...measured);
  };
  const system = runningSystem();
  for (const rate of rates) tell(await measureHop(system, rate, seconds));
  tell([await measurePaid(system, orders)]);
  const verdict = judge(latencies, { what: publishedAt(judgedRate), p99AtMost });
  if (verdict !== undefined)
    say(
      `${verdict.isHeld ? 'held' : 'NOT HELD'}: p99 of ${verdict.what} is ${verdict.p99} ms, at most ${p99AtMost} ms are allowed`,
    );
  if (flags.json)
    process.stdout.write(`${JSON.stringify({ latencies, verdict: verdict ?? null }, null, 2)}\n`);
  return verdict?.isHeld === false ? 1 : 0;
};

const measureHttp = async (flags: Flags, say: Say): Promise<number> => {
  const [seconds, clients] = [
    numberOf('seconds', flags.seconds ?? '60'),
    numberOf('clients', flags.clients ?? '200'),
  ];
  const report = await benchHttp({ clients, seconds });
  const { requestsPerSecond, calls, statuses, memory, violations, stuck } = report;
  say(`${clients} clients, ${seconds} s: ${requestsPerSecond} requests/s`);
  for (const latency of calls) say(lineOf(latency));
  say(
    `answers: ${Object.entries(statuses)
      .map(([status, count]) => `${count} × ${status}`)
      .join(', ')}`,
  );
  for (const { part, before, halfway, end, most } of memory) {
    say(`${part.padEnd(10)} ${before} MiB before, ${halfway} halfway, ${end} at the end, ${most} at most`);
  }
  say(violations.length === 0 ? `all invariants hold, ${stuck} orders are stuck` : violations.join('\n'));
  if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  const failed = Object.keys(statuses).some((status) => status === 'none' || Number(status) >= 500);
  return failed || violations.length > 0 || stuck > 0 ? 1 : 0;
};

const measureBacklog = async (flags: Flags, say: Say): Promise<number> => {
  const [rows, payloadBytes] = [numberOf('rows', flags.rows), numberOf('bytes', flags.bytes, 6, 900_000)];
  const report = await benchBacklog({ rows, payloadBytes, say });
  const { rss } = report;
  say(
    `drained in ${report.drainedInSeconds} s, ${report.rowsPerSecond} rows/s; Connect had ${rss.before} MiB resident before, ` +
      `${rss.most} at most, ${rss.end} at the end`,
  );
  if (report.lost) say('the slot was lost: npm run recover -- payment');
  if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return report.lost ? 1 : 0;
};

const measureTracing = async (flags: Flags, say: Say): Promise<number> => {
  const ratio = Number(flags.ratio);
  if (!(ratio >= 0 && ratio <= 1)) throw failure(`--ratio is a number from 0 to 1, not "${flags.ratio}"`);
  const report = await benchTracing({
    rounds: numberOf('rounds', flags.rounds),
    orders: numberOf('orders', flags.orders ?? '1500'),
    clients: numberOf('clients', flags.clients ?? '16'),
    ratio,
    say,
  });
  const { off, on, blocks } = report;
  const range = (tracing: boolean): string => {
    const rates = blocks.filter((block) => block.tracing === tracing).map((block) => block.ordersPerSecond);
    return `${Math.min(...rates).toFixed(1)} to ${Math.max(...rates).toFixed(1)}`;
  };
  say(`without tracing ${off.toFixed(1)} orders/s (${range(false)})`);
  say(`with ${ratio * 100} % of the traces sampled ${on.toFixed(1)} orders/s (${range(true)})`);
  say(`ratio ${report.ratio.toFixed(3)}`);
  if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return 0;
};

const measureGate = async (flags: Flags, say: Say): Promise<number> => {
  const report = await benchGate(numberOf('orders', flags.orders ?? '40'), flags.write, say);
  const { measured, committed, exceeded } = report;
  say(
    `an order takes ${measured.transactionsPerOrder} transactions (${committed.transactionsPerOrder} are committed) and ` +
      `${measured.roundTripsPerOrder} round trips to PostgreSQL (${committed.roundTripsPerOrder} are committed)`,
  );
  for (const sentence of exceeded) say(`EXCEEDED: ${sentence}`);
  if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return exceeded.length > 0 ? 1 : 0;
};

const measureLoad = async (flags: Flags, say: Say): Promise<number> => {
  const report = await benchLoad({
    rates: ratesOf(flags, '1,5,10,20,30,40,60,80'),
    seconds: numberOf('seconds', flags.seconds ?? '20'),
    p99AtMost: numberOf('p99', flags.p99 ?? '1000'),
    say,
  });
  const { steps, half, idle, memory } = report;
  const last = steps.at(-1);
  const columns = (values: Readonly<Record<string, number>>, unit: string): string =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${value}${unit}`)
      .join('   ');
  if (half) say(`mean by stage at half of the knee: ${columns(half.stages, ' ms')}`);
  for (const step of [half, last])
    if (step?.cpu) say(`CPU ms an order by part at ${step.rate} orders/s: ${columns(step.cpu, '')}`);
  say(`MiB resident by part at the end: ${columns(memory, '')}`);
  if (idle) say(`CPU ms a second at rest by part: ${columns(idle, '')}`);
  if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return report.knee === undefined ? 1 : 0;
};

const measurePeers = async (flags: Flags, say: Say): Promise<number> => {
  const report = await benchPeers({
    commit: flags.commit,
    rounds: numberOf('rounds', flags.rounds),
    orders: numberOf('orders', flags.orders ?? '600'),
    say,
  });
  mkdirSync(flags.out, { recursive: true });
  writeFileSync(join(flags.out, 'peers.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(flags.out, 'peers.md'), markdownOf(report));
  writeFileSync(join(flags.out, 'peers.svg'), chartOf(report));
  say(`\n${markdownOf(report)}\nwritten to ${flags.out}: peers.json, peers.md, peers.svg`);
  if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return 0;
};

const run = async (): Promise<number> => {
  const { values: flags, positionals } = parse();
  const say: Say = (line) => {
    if (!flags.json) process.stdout.write(`${line}\n`);
  };
  const [what, ...others] = positionals;
  if (others.length > 0) throw failure(`one thing is measured at a time\n${usage}`);
  switch (what) {
    case undefined:
      return measureEvents(flags, say);
    case 'http':
      return measureHttp(flags, say);
    case 'backlog':
      return measureBacklog(flags, say);
    case 'gate':
      return measureGate(flags, say);
    case 'load':
      return measureLoad(flags, say);
    case 'peers':
      return measurePeers(flags, say);
    case 'tracing':
      return measureTracing(flags, say);
    default:
      throw failure(`there is nothing to be measured that is called "${what}"\n${usage}`);
  }
};

try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 2;
}
