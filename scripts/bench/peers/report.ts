// The comparison as a table in Markdown and a chart in SVG.
import { round } from '../latency.ts';
import { totalCpu } from '../processes.ts';
import type { PeersReport, SystemFigures } from './peers.ts';

const meanOf = (values: readonly number[]): number =>
  round(values.reduce((sum, value) => sum + value, 0) / values.length);

interface Row {
  readonly system: string;
  readonly ordersPerSecond: number;
  readonly cpuMs: number | undefined;
  readonly published: number | undefined;
  readonly consumed: number | undefined;
  readonly paidP50: number;
  readonly paidP99: number;
  readonly idlePercent: number | undefined;
  readonly memoryMiB: number;
}

const defined = (values: readonly (number | undefined)[]): number | undefined => {
  const present = values.filter((value) => value !== undefined);
  return present.length === 0 ? undefined : meanOf(present);
};

/** One row per system, with the means over its rounds. */
const rowsOf = ({ systems }: PeersReport): readonly Row[] =>
  [...Map.groupBy(systems, ({ system }) => system)].map(([system, rounds]): Row => {
    const mean = (of: (figures: SystemFigures) => number): number => meanOf(rounds.map(of));
    const meanIfMeasured = (of: (figures: SystemFigures) => number | undefined) => defined(rounds.map(of));
    return {
      system,
      ordersPerSecond: mean(({ ordersPerSecond }) => ordersPerSecond),
      cpuMs: meanIfMeasured(({ cpu }) => cpu && totalCpu(cpu)),
      published: meanIfMeasured(({ hop }) => hop[0]?.p50),
      consumed: meanIfMeasured(({ hop }) => hop[1]?.p50),
      paidP50: mean(({ placedToPaid }) => placedToPaid.p50),
      paidP99: mean(({ placedToPaid }) => placedToPaid.p99),
      idlePercent: meanIfMeasured(({ idle }) => idle && round(totalCpu(idle) / 10)),
      memoryMiB: mean(({ memory }) => Object.values(memory).reduce((sum, size) => sum + size, 0)),
    };
  });

const cell = (value: number | undefined): string => (value === undefined ? '–' : String(value));

export const markdownOf = (report: PeersReport): string => {
  const { plainKafka, noPipeline, measuredAt } = report;
  const lines = rowsOf(report).map(
    (row) =>
      `| ${row.system} | ${row.ordersPerSecond} | ${cell(row.cpuMs)} | ${cell(row.published)} / ${cell(row.consumed)} | ` +
      `${row.paidP50} / ${row.paidP99} | ${cell(row.idlePercent)} % | ${row.memoryMiB} |`,
  );
  return [
    `Measured at ${measuredAt} by \`npm run bench -- peers\`. Compare within this table, not with other machines.`,
    '',
    '| system | orders/s | CPU ms per order | commit → published / consumed, p50 ms | placed → PAID p50 / p99 ms | idle, share of a core | MiB resident |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
    `| the same transactions without a pipeline | ${noPipeline} | – | – | – | – | – |`,
    `| plain Kafka, produce → consume | – | – | – / ${plainKafka.p50} | – | – | – |`,
    '',
  ].join('\n');
};

const barHeight = 22;
const labelWidth = 200;
const chartWidth = 420;

const bars = (
  title: string,
  unit: string,
  values: readonly (readonly [string, number])[],
  top: number,
): string => {
  const most = Math.max(...values.map(([, value]) => value));
  const rows = values.map(([label, value], index) => {
    const y = top + 24 + index * (barHeight + 6);
    const width = Math.max(1, (value / most) * chartWidth);
    return (
      `<text x="${labelWidth - 8}" y="${y + 15}" text-anchor="end">${label}</text>` +
      `<rect x="${labelWidth}" y="${y}" width="${round(width)}" height="${barHeight}" rx="3" fill="#e8590c"/>` +
      `<text x="${round(labelWidth + width + 6)}" y="${y + 15}">${value} ${unit}</text>`
    );
  });
  return `<text x="0" y="${top + 12}" font-weight="bold">${title}</text>${rows.join('')}`;
};

export const chartOf = (report: PeersReport): string => {
  const rows = rowsOf(report);
  const rates: [string, number][] = [
    ...rows.map(({ system, ordersPerSecond }): [string, number] => [system, ordersPerSecond]),
    ['no pipeline', report.noPipeline],
  ];
  const latencies = rows.map(({ system, paidP50 }): [string, number] => [system, paidP50]);
  const second = 24 + rates.length * (barHeight + 6) + 30;
  const height = second + 24 + latencies.length * (barHeight + 6) + 10;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${labelWidth + chartWidth + 110} ${height}" ` +
    'font-family="system-ui, sans-serif" font-size="13" fill="#495057">' +
    bars('Orders per second through the saga', '/s', rates, 0) +
    bars('Placed → PAID at 1 order/s, p50', 'ms', latencies, second) +
    '</svg>\n'
  );
};
