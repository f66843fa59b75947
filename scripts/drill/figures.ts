// What a drill tells of one part, and how. The pause is what a customer notices: the longest time in which no order was
// accepted, or none was paid for, although somebody wanted to all the time.

export interface Outcome {
  readonly part: string;
  /** From the kill until its health check held again, ms. */
  readonly awayMs: number;
  readonly placed: number;
  readonly paid: number;
  /** The longest time without an order accepted, and without one paid, ms. */
  readonly acceptedPauseMs: number;
  readonly paidPauseMs: number;
  /** The longest that one order took from being sent until PAID, ms. */
  readonly slowestMs: number;
  /** What the auditor finds afterwards, in sentences; none is what is wanted. */
  readonly findings: readonly string[];
}

/** The longest of the gaps between `from`, the times, and each other. All in epoch ms. */
export const longestGap = (from: number, times: readonly number[]): number =>
  Math.round(
    [from, ...times]
      .toSorted((one, other) => one - other)
      .reduce((longest, time, index, all) => Math.max(longest, time - (all[index - 1] ?? time)), 0),
  );

export const longestPause = ({ acceptedPauseMs, paidPauseMs }: Outcome): number =>
  Math.max(acceptedPauseMs, paidPauseMs);

/** What is wrong with an outcome, in sentences. */
export const complaints = (outcome: Outcome, longestMs: number): string[] => [
  ...(outcome.paid < outcome.placed
    ? [`${outcome.placed - outcome.paid} of ${outcome.placed} orders were not paid`]
    : []),
  ...(longestPause(outcome) > longestMs
    ? [`a pause of ${seconds(longestPause(outcome))}, longer than ${seconds(longestMs)}`]
    : []),
  ...outcome.findings,
];

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

const columns: readonly (readonly [string, (outcome: Outcome) => string])[] = [
  ['part', ({ part }) => part],
  ['away', ({ awayMs }) => seconds(awayMs)],
  ['placed', ({ placed }) => String(placed)],
  ['paid', ({ paid }) => String(paid)],
  ['none accepted for', ({ acceptedPauseMs }) => seconds(acceptedPauseMs)],
  ['none paid for', ({ paidPauseMs }) => seconds(paidPauseMs)],
  ['slowest order', ({ slowestMs }) => seconds(slowestMs)],
  ['auditor', ({ findings }) => (findings.length === 0 ? 'all holds' : `${findings.length} findings`)],
];

/** The lines of the table; numbers stand under each other. */
export const tableOf = (outcomes: readonly Outcome[]): string[] => {
  const rows = [
    columns.map(([title]) => title),
    ...outcomes.map((one) => columns.map(([, cell]) => cell(one))),
  ];
  const width = (column: number): number => Math.max(...rows.map((row) => (row[column] ?? '').length));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const isText = column === 0 || column === columns.length - 1;
        return isText ? cell.padEnd(width(column)) : cell.padStart(width(column));
      })
      .join('   ')
      .trimEnd(),
  );
};
