// npm run audit:dependencies: does a package of the lock file have a known vulnerability, or a licence that may not be here?
// Exit code 0: neither; 1: one of them; 2: the registry did not say what is vulnerable, which is not the same as nothing.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { licenceComplaints } from './dependency-licences.ts';

const root = join(import.meta.dirname, '..');
const end = (code: number, sentence: string): never => {
  process.stderr.write(`${sentence}\n`);
  process.exit(code);
};

try {
  parseArgs({ options: {} });
} catch {
  end(2, 'usage: npm run audit:dependencies (it takes no arguments)');
}

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), license: z.string().optional() }),
  ),
});
const { packages } = lockSchema.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
const complaints = licenceComplaints(packages);
process.stdout.write(
  complaints.length === 0
    ? `licences: all ${Object.keys(packages).length - 1} packages have one that is allowed\n`
    : `licences that scripts/dependency-licences.ts does not allow:\n  ${complaints.join('\n  ')}\n`,
);

// Inside `npm run`, npm names its own program; a bare `npm` may be another one.
const npm = process.env['npm_execpath'];
const audit = ['audit', '--json'];
const options = { cwd: root, encoding: 'utf8', timeout: 120_000, maxBuffer: 64 * 1024 * 1024 } as const;
const { stdout } = npm?.endsWith('.js')
  ? spawnSync(process.execPath, [npm, ...audit], options)
  : spawnSync('npm', audit, options);

const answerSchema = z.object({
  metadata: z.object({ vulnerabilities: z.record(z.string(), z.number()) }),
  vulnerabilities: z.record(z.string(), z.object({ severity: z.string(), range: z.string() })),
});
const parsed = ((): unknown => {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
})();
const answer = answerSchema.safeParse(parsed);
if (!answer.success)
  end(
    2,
    'vulnerabilities: the registry did not answer `npm audit`, so nothing is known about them; ask one that knows them, such as ' +
      'registry.npmjs.org, or try again',
  );
else {
  const grave = Object.entries(answer.data.vulnerabilities).filter(([, { severity }]) =>
    ['high', 'critical'].includes(severity),
  );
  const { total = 0 } = answer.data.metadata.vulnerabilities;
  process.stdout.write(
    `vulnerabilities: ${grave.length} packages with grave ones, ${total} with any (npm audit tells more)\n` +
      grave.map(([name, { severity, range }]) => `  ${name} ${range}: ${severity}\n`).join(''),
  );
  process.exitCode = grave.length === 0 && complaints.length === 0 ? 0 : 1;
}
