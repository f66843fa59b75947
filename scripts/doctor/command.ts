// npm run doctor: checks every part between a commit and its event: databases, slots, publications, roles, connectors, topics,
// registry, clocks, retention. Every finding has a remedy. Exit code 0: nothing is broken, there may be warnings; 1: something
// is broken; 2: the checks could not run.
import { judge } from './judge.ts';
import { readFacts } from './read.ts';
import { commandLine, print, printJson, withExitCode } from '../operator/command-line.ts';
import { stackOf } from '../operator/environment.ts';

const examine = async (json: boolean | undefined): Promise<number> => {
  const areas = judge(await readFacts(stackOf(process.env), process.env));
  const findings = areas.flatMap(({ area, findings: found }) =>
    found.map((finding) => ({ area, ...finding })),
  );
  const broken = findings.filter(({ level }) => level === 'broken').length;
  const exitCode = broken === 0 ? 0 : 1;
  if (json) {
    const status = broken === 0 ? 'ok' : 'broken';
    printJson({ status, findings, areas: areas.map(({ area, seen }) => ({ area, seen })) });
    return exitCode;
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
  print(`${lines.join('\n')}\n\n${verdict}`);
  return exitCode;
};

export const doctor = commandLine(
  'npm run doctor',
  'Checks every part between a database commit and its event on the topic. Each finding has a remedy.',
  '',
  '--json',
)
  .option('--json', 'print JSON')
  .action(withExitCode(({ json }) => examine(json)));
