// npm run test:mutations: the proof that the suite can fail. Each deliberate bug takes one guard out of a scratch copy of the
// project; the tests named beside it must go red, and it is said which and why. A file that cannot be loaded any more is no
// proof, only tests that ran count. A bug that nobody notices ends the run with exit code 1.
// `npm run test:mutations -- <words>` tries only the bugs whose names contain them.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mutations } from './deliberate-bugs.ts';

const root = join(import.meta.dirname, '..', '..');
const wanted = process.argv.slice(2).join(' ');
const chosen = mutations.filter(({ bug }) => bug.includes(wanted));

/** The working tree without what is ignored; the dependencies are those of this one. */
const scratchCopy = (): string => {
  const copy = mkdtempSync(join(tmpdir(), 'orderflow-mutation-'));
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
  });
  for (const file of listed.stdout.toString('utf8').split('\0')) {
    if (file === '' || !existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
};

/** The tests that ran and failed, each with the first line of its reason; several may share one. */
const redTests = (output: string): string[] => {
  const red: string[] = [];
  let named: string[] = [];
  for (const line of output.split('\n')) {
    const test = /^ FAIL {2}\|\w+\| (\S+ > .+)$/.exec(line)?.[1];
    if (test !== undefined) named.push(test);
    else if (line.trim() !== '') {
      red.push(...named.map((name) => `${name}: ${line}`));
      named = [];
    }
  }
  return red;
};

const copy = scratchCopy();
let survivors = 0;
/** Red tests that are named per bug. */
const most = 4;
try {
  for (const { bug, file, from, to, tests } of chosen) {
    const path = join(copy, file);
    const original = readFileSync(path, 'utf8');
    if (original.split(from).length !== 2) throw new Error(`"${bug}" does not fit ${file} any more`);
    writeFileSync(
      path,
      original.replace(from, () => to),
    );
    const started = performance.now();
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...process.execArgv, 'tests/run.ts', ...tests],
      {
        cwd: copy,
        encoding: 'utf8',
        env: { ...process.env, CI: 'true', NO_COLOR: '1' },
        timeout: 600_000,
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    writeFileSync(path, original);
    const verdict = /\d+ passed, \d+ failed/.exec(stdout)?.[0] ?? 'no verdict';
    const red = redTests(`${stdout}\n${stderr}`);
    const caught = status !== 0 && red.length > 0;
    if (!caught) survivors += 1;
    const took = ((performance.now() - started) / 1000).toFixed(0);
    process.stdout.write(`${caught ? 'caught  ' : 'SURVIVED'}  ${bug.padEnd(56)} ${verdict} (${took} s)\n`);
    // Nothing ran: what the run said last tells why.
    if (red.length === 0 && status !== 0) red.push(...`${stdout}\n${stderr}`.trim().split('\n').slice(-most));
    for (const line of red.slice(0, most)) process.stdout.write(`          ${line.slice(0, 200)}\n`);
    if (red.length > most) process.stdout.write(`          … and ${red.length - most} more\n`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
process.stdout.write(`${chosen.length - survivors} of ${chosen.length} deliberate bugs were caught\n`);
process.exitCode = survivors === 0 ? 0 : 1;
