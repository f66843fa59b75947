// The result of killing one part: how long it was down, how many orders were placed and paid, and the longest pause. A pause is a
// period in which no order was accepted, or none was paid, although clients kept placing orders.
import { alignColumns } from '../operator/table.ts';
import { seconds } from '../stack/supervise/deadline.ts';

export interface Outcome {
  readonly part: string;
  /** From the kill until the health check passes again. */
  readonly awayMs: number;
  readonly placed: number;
  readonly paid: number;
  /** The longest time without an accepted order, and without a paid one. */
  readonly acceptedPauseMs: number;
  readonly paidPauseMs: number;
  /** The longest time from sending an order until it is PAID. */
  readonly slowestMs: number;
  /** The findings of the auditor afterwards. */
  readonly findings: readonly string[];
}

/** The longest gap between two consecutive times; `from` is the first time. `times` need not be sorted. All are epoch ms. */
export const longestGap = (from: number, times: readonly number[]): number =>
  Math.round(
    [from, ...times]
      .toSorted((one, other) => one - other)
      .reduce((longest, time, index, all) => Math.max(longest, time - (all[index - 1] ?? time)), 0),
  );

/** The problems of an outcome, in sentences. */
export const problemsOf = (outcome: Outcome, longestMs: number): string[] => {
  const { placed, paid, acceptedPauseMs, paidPauseMs, findings } = outcome;
  const pauseMs = Math.max(acceptedPauseMs, paidPauseMs);
  return [
    ...(paid < placed ? [`${placed - paid} of ${placed} orders were not paid`] : []),
    ...(pauseMs > longestMs ? [`a pause of ${seconds(pauseMs)}, longer than ${seconds(longestMs)}`] : []),
    ...findings,
  ];
};

const columns: readonly (readonly [string, (outcome: Outcome) => string])[] = [
  ['part', ({ part }) => part],
  ['away', ({ awayMs }) => seconds(awayMs)],
  ['placed', ({ placed }) => String(placed)],
  ['paid', ({ paid }) => String(paid)],
  ['none accepted for', ({ acceptedPauseMs }) => seconds(acceptedPauseMs)],
  ['none paid for', ({ paidPauseMs }) => seconds(paidPauseMs)],
  ['slowest order', ({ slowestMs }) => seconds(slowestMs)],
  ['auditor', ({ findings }) => (findings.length === 0 ? 'no finding' : `${findings.length} findings`)],
];

export const tableOf = (outcomes: readonly Outcome[]): string[] =>
  alignColumns(
    [columns.map(([title]) => title), ...outcomes.map((one) => columns.map(([, cell]) => cell(one)))],
    (column) => column > 0 && column < columns.length - 1,
  );
