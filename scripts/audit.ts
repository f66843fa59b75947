// npm run audit: the auditor's checks, once, over everything that is kept. Exit code 0: all invariants hold; 1: one does not;
// 2: it could not be looked at.
import { invariants } from '../services/auditor/audit.ts';
import { viewOfReport } from '../services/auditor/http/report-view.ts';
import { argumentsOf } from './operator/environment.ts';
import { explain, failure } from '../schemas/tools/failure.ts';
import { openEyes } from './operator/auditor-view.ts';

const usage = 'usage: npm run audit [-- --json] [--grace <seconds>]';
const say = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

const audit = async (): Promise<number> => {
  const { values: flags } = argumentsOf(usage, {
    options: { json: { type: 'boolean', default: false }, grace: { type: 'string', default: '30' } },
  });
  const graceSeconds = Number(flags.grace);
  if (!(graceSeconds >= 0)) throw failure(`--grace is a number of seconds\n${usage}`);
  const eyes = await openEyes(process.env, graceSeconds * 1_000);
  try {
    const report = await eyes.lookTwice();
    const exitCode = report.status === 'ok' ? 0 : 1;
    if (flags.json) {
      say(JSON.stringify(viewOfReport(report), null, 2));
      return exitCode;
    }
    for (const [name, sentence] of Object.entries(invariants)) {
      const broken = report.violations.filter((finding) => finding.invariant === name);
      say(`${broken.length === 0 ? 'holds   ' : 'VIOLATED'}  ${name.padEnd(20)} ${sentence}`);
      for (const finding of broken.slice(0, 20)) say(`          ${finding.sentence}`);
      if (broken.length > 20) say(`          and ${broken.length - 20} more`);
    }
    say();
    for (const { orderId, status, waitsFor, missing } of report.stuck) {
      say(`stuck     order ${orderId} is ${status} and waits for its ${waitsFor} ${missing.join(', ')}`);
    }
    const { orders, products, charges, outboxRows, topicRecords, durationMs } = report.figures;
    say(
      `${orders} orders, ${products} products, ${charges} charges, ${outboxRows} outbox rows, ${topicRecords} records, ` +
        `${report.inFlight.length} in flight, ${report.stuck.length} stuck; looked at in ${durationMs} ms`,
    );
    return exitCode;
  } finally {
    await eyes.close();
  }
};

try {
  process.exitCode = await audit();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 2;
}
