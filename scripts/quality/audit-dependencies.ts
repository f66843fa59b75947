// npm run audit:dependencies: finds packages with known high or critical vulnerabilities, and packages and jars with a licence
// that is not allowed. Exit code 0: no problem; 1: a problem; 2: the npm registry or Maven did not answer.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { commandLine, print, withExitCode } from '../operator/command-line.ts';
import { jarLicences, licenceComplaints } from './dependency-licences.ts';

const root = join(import.meta.dirname, '..', '..');

/** True: no problem found. Undefined: the check could not run. */
type Verdict = boolean | undefined;
const notChecked = (sentence: string): Verdict => {
  process.stderr.write(`${sentence}\n`);
  return undefined;
};
const reportLicences = (kind: string, count: number, complaints: readonly string[]): Verdict => {
  print(
    complaints.length === 0
      ? `licences: all ${count} ${kind} have an allowed licence`
      : `licences of ${kind} that scripts/quality/dependency-licences.ts does not allow:\n  ${complaints.join('\n  ')}`,
  );
  return complaints.length === 0;
};

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), license: z.string().optional() }),
  ),
});

const packageLicences = (): Verdict => {
  const { packages } = lockSchema.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  return reportLicences('packages', Object.keys(packages).length - 1, licenceComplaints(packages));
};

const licencesOfJars = (): Verdict => {
  const folder = mkdtempSync(join(tmpdir(), 'orderflow-licences-'));
  try {
    const pom = join(root, 'scripts', 'stack', 'parts', 'pom.xml');
    const goal = 'org.codehaus.mojo:license-maven-plugin:add-third-party';
    const { status, error } = spawnSync(
      'mvn',
      ['--batch-mode', '--file', pom, '--activate-profiles', 'licences', `-Dartefacts=${folder}`, goal],
      { stdio: 'ignore', timeout: 10 * 60_000 },
    );
    const licences =
      error === undefined && status === 0
        ? jarLicences(readFileSync(join(folder, 'licences.txt'), 'utf8'))
        : undefined;
    return licences === undefined
      ? notChecked(
          'licences of the jars: Maven could not list them; put `mvn` on the PATH, check the network and the mirror in ' +
            '~/.m2/settings.xml, then try again',
        )
      : reportLicences('jars', licences.jars, licences.complaints);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const answerSchema = z.object({
  metadata: z.object({ vulnerabilities: z.record(z.string(), z.number()) }),
  vulnerabilities: z.record(z.string(), z.object({ severity: z.string(), range: z.string() })),
});
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const vulnerabilities = (): Verdict => {
  // Inside `npm run`, npm_execpath is the path of the running npm; `npm` on the PATH may be another version.
  const npm = process.env['npm_execpath'];
  const audit = ['audit', '--json'];
  const options = { cwd: root, encoding: 'utf8', timeout: 120_000, maxBuffer: 64 * 1024 * 1024 } as const;
  const { stdout } = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...audit], options)
    : spawnSync('npm', audit, options);
  const answer = answerSchema.safeParse(parsed(stdout));
  if (!answer.success)
    return notChecked(
      'vulnerabilities: the npm registry did not answer `npm audit`; use a registry that supports it, such as the public one, ' +
        'or try again',
    );
  const severe = Object.entries(answer.data.vulnerabilities).filter(([, { severity }]) =>
    ['high', 'critical'].includes(severity),
  );
  const { total = 0 } = answer.data.metadata.vulnerabilities;
  print(
    [
      `vulnerabilities: ${severe.length} packages with high or critical severity, ${total} packages with any severity (npm audit lists them)`,
      ...severe.map(([name, { severity, range }]) => `  ${name} ${range}: ${severity}`),
    ].join('\n'),
  );
  return severe.length === 0;
};

export const auditDependencies = commandLine(
  'npm run audit:dependencies',
  'Finds known high and critical vulnerabilities, and licences that are not allowed.',
).action(
  withExitCode(() => {
    const verdicts = [packageLicences(), licencesOfJars(), vulnerabilities()];
    if (verdicts.includes(false)) return 1;
    return verdicts.includes(undefined) ? 2 : 0;
  }),
);
