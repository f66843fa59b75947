// npm run bench: measures the latency of events and orders on the stack of `npm start`; its subcommands measure more. Compare
// numbers only within one run: they depend on the machine. The knee is the highest rate of orders at which no order is refused
// and the p99 of placed → PAID is within its limit.
// Exit code 0: measured, within all limits.
// 1: a limit is exceeded (the p99 of commit → published at 100 events/s, a count of the gate), or the system failed (a lost slot,
//    a refused or unanswered request, a violated invariant, a stuck order, a refused order in a soak, no knee).
// 2: could not be measured.
import { Option } from '@commander-js/extra-typings';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchPeers } from './peers/peers.ts';
import { chartOf, markdownOf } from './peers/report.ts';
import { benchBacklog } from './backlog.ts';
import { benchGate } from './gate.ts';
import { benchHttp, type HttpLoad } from './http.ts';
import { benchLoad } from './load.ts';
import { judge, type Latency } from './latency.ts';
import { measureHop, measurePaid, publishedLatencyName } from './events.ts';
import { runningSystem } from './system.ts';
import { manyProducts } from './orders.ts';
import { benchSoak } from './soak.ts';
import { benchTracing } from './tracing.ts';
import {
  commandLine,
  numberFrom,
  printJson,
  printUnless,
  subcommand,
  wholeNumber,
  withExitCode,
} from '../operator/command-line.ts';

export const bench = commandLine(
  'npm run bench',
  'Measures latency, load, backlog or the cost of tracing.',
  '',
  'http --json',
  'load --help',
).option('--json', 'print JSON');

const output = () => {
  const { json } = bench.opts();
  return { say: printUnless(json), sayJson: json ? printJson : () => undefined };
};

interface EventFlags {
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly orders: number;
  readonly p99: number;
}
type LoadFlags = Omit<EventFlags, 'orders'> & { readonly products: number };
interface PeerFlags {
  readonly commit: string;
  readonly rounds: number;
  readonly orders: number;
  readonly out: string;
}
interface TracingFlags {
  readonly rounds: number;
  readonly orders: number;
  readonly clients: number;
  readonly ratio: number;
}

const parseRates = (text: string): readonly number[] => text.split(',').map(wholeNumber());
const ratesOption = (rates: readonly number[]) =>
  new Option('--rates <list>', 'rates per second, with commas between them')
    .argParser(parseRates)
    .default(rates, rates.join(','));

const lineOf = ({ name, samples, p50, p90, p99, max }: Latency): string =>
  `${name.padEnd(36)} p50 ${p50} ms   p90 ${p90} ms   p99 ${p99} ms   max ${max} ms   (${samples})`;

/** Events per second at which the p99 of the pipeline is compared with its limit. */
const judgedRate = 100;

const measureEvents = async ({ rates, seconds, orders, p99: p99AtMost }: EventFlags): Promise<number> => {
  const { say, sayJson } = output();
  const latencies: Latency[] = [];
  const report = (measured: readonly Latency[]): void => {
    for (const latency of measured) say(lineOf(latency));
    latencies.push(...measured);
  };
  const system = runningSystem();
  for (const rate of rates) report(await measureHop(system, rate, seconds));
  report([await measurePaid(system, orders)]);
  const verdict = judge(latencies, { name: publishedLatencyName(judgedRate), p99AtMost });
  if (verdict !== undefined)
    say(
      `${verdict.isMet ? 'met' : 'NOT MET'}: p99 of ${verdict.name} is ${verdict.p99} ms, the limit is ${p99AtMost} ms`,
    );
  sayJson({ latencies, verdict: verdict ?? null });
  return verdict?.isMet === false ? 1 : 0;
};

const measureHttp = async ({ clients, seconds }: HttpLoad): Promise<number> => {
  const { say, sayJson } = output();
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
    say(`${part.padEnd(10)} ${before} MiB before, ${halfway} halfway, ${end} final, ${most} peak`);
  }
  say(violations.length === 0 ? `all invariants hold, ${stuck} orders are stuck` : violations.join('\n'));
  sayJson(report);
  const failed = Object.keys(statuses).some((status) => status === 'none' || Number(status) >= 400);
  return failed || violations.length > 0 || stuck > 0 ? 1 : 0;
};

const measureBacklog = async (rows: number, payloadBytes: number): Promise<number> => {
  const { say, sayJson } = output();
  const report = await benchBacklog({ rows, payloadBytes, say });
  const { rss } = report;
  say(
    `drained in ${report.drainedInSeconds} s, ${report.rowsPerSecond} rows/s; Connect had ${rss.before} MiB resident before, ` +
      `${rss.most} peak, ${rss.end} final`,
  );
  if (report.lost) say('the slot was lost: npm run recover -- payment');
  sayJson(report);
  return report.lost ? 1 : 0;
};

const measureTracing = async (flags: TracingFlags): Promise<number> => {
  const { say, sayJson } = output();
  const report = await benchTracing({ ...flags, say });
  const { off, on, blocks } = report;
  const range = (tracing: boolean): string => {
    const rates = blocks.filter((block) => block.tracing === tracing).map((block) => block.ordersPerSecond);
    return `${Math.min(...rates).toFixed(1)} to ${Math.max(...rates).toFixed(1)}`;
  };
  say(`without tracing ${off.toFixed(1)} orders/s (${range(false)})`);
  say(`with ${flags.ratio * 100} % of the traces sampled ${on.toFixed(1)} orders/s (${range(true)})`);
  say(`throughput with tracing ÷ without: ${report.throughputRatio.toFixed(3)}`);
  sayJson(report);
  return 0;
};

const measureGate = async (orders: number, write: boolean): Promise<number> => {
  const { say, sayJson } = output();
  const report = await benchGate(orders, write, say);
  const { measured, baseline, exceeded } = report;
  say(
    `an order takes ${measured.transactionsPerOrder} transactions (baseline: ${baseline.transactionsPerOrder}) and ` +
      `${measured.roundTripsPerOrder} round trips to PostgreSQL (baseline: ${baseline.roundTripsPerOrder})`,
  );
  for (const sentence of exceeded) say(`EXCEEDED: ${sentence}`);
  sayJson(report);
  return exceeded.length > 0 ? 1 : 0;
};

const measureLoad = async (flags: LoadFlags): Promise<number> => {
  const { say, sayJson } = output();
  const report = await benchLoad({ ...flags, p99AtMost: flags.p99, say });
  const { steps, half, idle, memory } = report;
  const last = steps.at(-1);
  const columns = (values: Readonly<Record<string, number>>, unit: string): string =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${value}${unit}`)
      .join('   ');
  if (half) say(`mean by stage at half the knee rate: ${columns(half.stages, ' ms')}`);
  for (const step of [half, last])
    if (step?.cpu) say(`CPU ms per order by part at ${step.rate} orders/s: ${columns(step.cpu, '')}`);
  say(`final MiB resident by part: ${columns(memory, '')}`);
  if (idle) say(`CPU ms per second while idle, by part: ${columns(idle, '')}`);
  sayJson(report);
  return report.knee === undefined ? 1 : 0;
};

const measureSoak = async (rate: number, minutes: number): Promise<number> => {
  const { say, sayJson } = output();
  const report = await benchSoak({ rate, minutes, say });
  for (const { part, first, half, last } of report.memory)
    say(`${part.padEnd(14)} ${first} MiB after a minute, ${half} halfway, ${last} final`);
  sayJson(report);
  return report.steps.some(({ refused }) => Object.keys(refused).length > 0) ? 1 : 0;
};

const measurePeers = async ({ out, ...flags }: PeerFlags): Promise<number> => {
  const { say, sayJson } = output();
  const report = await benchPeers({ ...flags, say });
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'peers.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(out, 'peers.md'), markdownOf(report));
  writeFileSync(join(out, 'peers.svg'), chartOf(report));
  say(`\n${markdownOf(report)}\nwritten to ${out}: peers.json, peers.md, peers.svg`);
  sayJson(report);
  return 0;
};

bench
  .command('events', { isDefault: true })
  .description('time of an event from commit to consumption, and of an order to PAID')
  .addHelpText('after', '\nExamples:\n  npm run bench -- --seconds 5 --rates 10 --orders 5')
  .addOption(ratesOption([10, 100]))
  .option('--seconds <seconds>', 'duration of each rate', wholeNumber(), 20)
  .option('--orders <number>', 'number of orders whose time to PAID is measured', wholeNumber(), 30)
  .option('--p99 <ms>', `p99 limit of commit → published at ${judgedRate} events/s`, wholeNumber(), 100)
  .action(withExitCode(measureEvents));
subcommand(bench, 'http', 'the order service under many clients', '--clients 50')
  .option('--clients <number>', 'clients at the same time', wholeNumber(), 200)
  .option('--seconds <seconds>', 'duration', wholeNumber(), 60)
  .action(withExitCode(measureHttp));
subcommand(
  bench,
  'backlog',
  'how fast a connector drains the rows that were written while it was stopped',
  '--rows 100000',
)
  .option('--rows <number>', 'rows to write', wholeNumber(), 1_000_000)
  .option('--bytes <number>', 'size of a payload', wholeNumber(6, 900_000), 600)
  .action(withExitCode(({ rows, bytes }) => measureBacklog(rows, bytes)));
subcommand(
  bench,
  'gate',
  'transactions and round trips per order, compared with the baseline, on a separate stack',
  '',
  '--write',
)
  .option('--orders <number>', 'orders to measure', wholeNumber(), 40)
  .option('--write', 'store the measured values as the new baseline')
  .action(withExitCode(({ orders, write }) => measureGate(orders, write === true)));
subcommand(
  bench,
  'load',
  'placed → PAID at rising arrival rates, until the p99 exceeds its limit, on a separate stack',
  '--rates 10,20,40',
)
  .addOption(ratesOption([1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 100]))
  .option('--seconds <seconds>', 'duration of each rate', wholeNumber(), 20)
  .option(
    '--p99 <ms>',
    'p99 limit of placed → PAID; the knee is the highest rate within it',
    wholeNumber(),
    1_000,
  )
  .option(
    '--products <number>',
    'number of products; the orders use them in turn',
    wholeNumber(1, 1_000),
    manyProducts,
  )
  .action(withExitCode(measureLoad));
subcommand(
  bench,
  'soak',
  'latency and memory at a fixed rate of orders for a long time, on a separate stack',
  '--rate 20 --minutes 60',
)
  .option('--rate <orders>', 'orders per second', wholeNumber(1, 1_000), 20)
  .option('--minutes <minutes>', 'duration', wholeNumber(1, 1_440), 60)
  .action(withExitCode(({ rate, minutes }) => measureSoak(rate, minutes)));
subcommand(
  bench,
  'peers',
  'this version, an earlier one, a polling relay, no pipeline, and plain Kafka, compared in one run',
  '--commit main --rounds 1',
)
  .option('--commit <rev>', 'the earlier version', '7d25a35')
  .option('--rounds <number>', 'rounds', wholeNumber(), 2)
  .option('--orders <number>', 'number of orders per block', wholeNumber(), 600)
  .option('--out <folder>', 'folder of the table, the chart and the JSON file', '.orderflow/bench')
  .action(withExitCode(measurePeers));
subcommand(bench, 'tracing', 'orders per second with tracing and without, on a separate stack', '--ratio 1')
  .option('--rounds <number>', 'rounds', wholeNumber(), 2)
  .option('--orders <number>', 'number of orders per block', wholeNumber(), 1_500)
  .option('--clients <number>', 'clients at the same time', wholeNumber(), 16)
  .option('--ratio <ratio>', 'share of the traces that are sampled', numberFrom(0, 1), 0.1)
  .action(withExitCode(measureTracing));
