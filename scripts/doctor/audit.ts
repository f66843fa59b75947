// npm run audit: runs the auditor's checks twice, because a violation must be found by two audits, and prints the second report.
// auditor-view.ts describes the data. Exit code 0: all invariants hold; 1: one is violated; 2: the checks could not run.
import { invariants } from '../../services/auditor/audit.ts';
import { viewOfReport } from '../../services/auditor/http/report-view.ts';
import { commandLine, print, printJson, secondsNumber, withExitCode } from '../operator/command-line.ts';
import { openAuditorView } from '../operator/auditor-view.ts';

const runChecks = async (graceSeconds: number, json: boolean | undefined): Promise<number> => {
  const view = await openAuditorView(process.env, graceSeconds * 1_000);
  try {
    const report = await view.checkTwice();
    const exitCode = report.status === 'ok' ? 0 : 1;
    if (json) {
      printJson(viewOfReport(report));
      return exitCode;
    }
    for (const [name, sentence] of Object.entries(invariants)) {
      const violations = report.violations.filter((finding) => finding.invariant === name);
      print(`${violations.length === 0 ? 'holds   ' : 'VIOLATED'}  ${name.padEnd(20)} ${sentence}`);
      for (const finding of violations.slice(0, 20)) print(`          ${finding.sentence}`);
      if (violations.length > 20) print(`          and ${violations.length - 20} more`);
    }
    print();
    for (const { orderId, status, waitsFor, missing } of report.stuck) {
      print(`stuck     order ${orderId} is ${status} and waits for its ${waitsFor} ${missing.join(', ')}`);
    }
    const { orders, products, charges, outboxRows, topicRecords, durationMs } = report.figures;
    print(
      `${orders} orders, ${products} products, ${charges} charges, ${outboxRows} outbox rows, ${topicRecords} records, ` +
        `${report.inFlight.length} in flight, ${report.stuck.length} stuck; checked in ${durationMs} ms`,
    );
    return exitCode;
  } finally {
    await view.close();
  }
};

export const audit = commandLine(
  'npm run audit',
  'Checks all invariants. Compares the outbox rows of the last 7 days with the topics, at most the newest 50,000.',
  '',
  '--grace 5 --json',
)
  .option('--grace <seconds>', 'how long events may take to arrive', secondsNumber, 30)
  .option('--json', 'print JSON')
  .action(withExitCode(({ grace, json }) => runChecks(grace, json)));
