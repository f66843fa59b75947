// npm run doctor: whether everything between a commit and its event is fit for operation, in one verdict: databases, slots,
// publications, roles, connectors, topics, registry, clocks, retention. Each finding comes with what to do. Exit code 0: nothing
// is broken (warnings may be there); 1: something is; 2: it could not be asked for in this way.
import { judge } from './judge.ts';
import { readFacts } from './read.ts';
import { argumentsOf, stackOf } from '../operator/environment.ts';
import { explain } from '../../schemas/tools/failure.ts';

const usage = 'usage: npm run doctor [-- --json]';

const doctor = async (): Promise<number> => {
  const { values: flags } = argumentsOf(usage, { options: { json: { type: 'boolean', default: false } } });
  const areas = judge(await readFacts(stackOf(process.env), process.env));
  const findings = areas.flatMap(({ area, findings: found }) =>
    found.map((finding) => ({ area, ...finding })),
  );
  const broken = findings.filter(({ level }) => level === 'broken').length;
  const status = broken === 0 ? 'ok' : 'broken';
  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify({ status, findings, areas: areas.map(({ area, seen }) => ({ area, seen })) }, null, 2)}\n`,
    );
    return broken === 0 ? 0 : 1;
  }
  const lines = areas.flatMap(({ area, seen, findings: found }) => [
    ...(found.length === 0 ? [`${seen ? 'ok     ' : 'unknown'}  ${area}`] : []),
    ...found.flatMap(({ level, sentence, remedy }) => [
      `${level === 'broken' ? 'BROKEN ' : 'warning'}  ${area}: ${sentence}`,
      `           ${remedy}`,
    ]),
  ]);
  const verdict =
    broken === 0
      ? `nothing is broken, ${findings.length} warnings`
      : `${broken} broken, ${findings.length - broken} warnings`;
  process.stdout.write(`${lines.join('\n')}\n\n${verdict}\n`);
  return broken === 0 ? 0 : 1;
};

try {
  process.exitCode = await doctor();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 2;
}
