// The entry point of every npm script: plain JavaScript for Node 20 or newer without any dependency. It installs the dependencies
// when they differ from the lock file. Then it runs the target with Node 24, which is one of the dependencies and executes
// TypeScript directly. It forwards signals to the target.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const stamp = join(modules, '.orderflow-lock');
const targets = [
  'start',
  'reset',
  'test',
  'mutations',
  'check',
  'bench',
  'images',
  'audit',
  'audit-dependencies',
  'reconcile',
  'connectors',
  'doctor',
  'journey',
  'recover',
  'schemas',
  'screenshots',
  'alerts',
  'drill',
];

const fail = (sentence) => {
  console.error(sentence);
  process.exit(1);
};

const [target, ...args] = process.argv.slice(2);
if (target === undefined || !targets.includes(target))
  fail(`usage: node scripts/run.mjs <${targets.join('|')}>`);

const major = Number(process.versions.node.split('.')[0]);
if (major < 20)
  fail(
    `Node 20 or newer is needed to start OrderFlow, but this is ${process.versions.node}; install a newer one from nodejs.org`,
  );

const lockHash = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');

/** Whether npm's record lists every package of the lock file that is not optional, and no other version of any. */
const matchesLockFile = () => {
  const record = join(modules, '.package-lock.json');
  if (!existsSync(record)) return false;
  const { packages: present } = JSON.parse(readFileSync(record, 'utf8'));
  const { packages: locked } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const required = Object.entries(locked).filter(([path, { optional }]) => path !== '' && optional !== true);
  return (
    Object.entries(present).every(([path, { version }]) => locked[path]?.version === version) &&
    required.every(([path]) => path in present)
  );
};

const isInstalled = () => {
  if (existsSync(stamp)) return readFileSync(stamp, 'utf8').trim() === lockHash();
  if (!matchesLockFile()) return false;
  writeFileSync(stamp, `${lockHash()}\n`);
  return true;
};

/** Runs `npm ci` quietly and prints the elapsed time. */
const install = () =>
  new Promise((resolve) => {
    const began = Date.now();
    const elapsed = () => `${Math.round((Date.now() - began) / 1000)} s`;
    const output = [];
    const terminal = process.stdout.isTTY === true;
    const show = () => {
      if (terminal) process.stdout.write(`\rinstalling dependencies … ${elapsed()} `);
      else console.log(`installing dependencies … ${elapsed()}`);
    };
    show();
    const timer = setInterval(show, terminal ? 1_000 : 10_000);
    // Inside `npm start`, npm_execpath is the npm that runs; `npm` on the PATH may be another one.
    const npm = process.env.npm_execpath;
    // The install scripts of the packages would only compile optional parts that nothing here uses.
    const ci = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
    const child =
      npm !== undefined && npm.endsWith('.js')
        ? spawn(process.execPath, [npm, ...ci], { cwd: root })
        : spawn('npm', ci, { cwd: root, shell: process.platform === 'win32' });
    const collect = (data) => {
      output.push(String(data));
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const end = (problem) => {
      clearInterval(timer);
      if (terminal) process.stdout.write('\n');
      if (problem === undefined) {
        writeFileSync(stamp, `${lockHash()}\n`);
        console.log(`dependencies installed (${elapsed()})`);
        resolve();
        return;
      }
      // npm prints the error first, then its usage, and last the name of its log file.
      const lines = output.join('').trimEnd().split('\n');
      console.error(
        (lines.length > 16 ? [...lines.slice(0, 12), '…', ...lines.slice(-1)] : lines).join('\n'),
      );
      fail(`npm could not install the dependencies (${problem}); fix the error above and start again`);
    };
    child.on('error', (error) => {
      end(error.message);
    });
    child.on('exit', (code, signal) => {
      if (code === 0) end(undefined);
      else end(signal ?? `exit code ${code}`);
    });
  });

const findNode = () => {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const installed = join(modules, `node-${platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(installed)) return installed;
  if (major >= 24) return process.execPath;
  return fail(
    `there is no bundled Node 24 for ${process.platform}-${process.arch} and this is ${process.versions.node}; ` +
      'install Node 24 or newer and start again',
  );
};

if (!isInstalled()) await install();

const child = spawn(
  findNode(),
  [
    // KafkaJS sets timeouts that have just passed, and newer versions of Node warn about each.
    '--disable-warning=TimeoutNegativeWarning',
    '--disable-warning=ExperimentalWarning',
    // Without these limits, loading the modules would leave 200 MB of garbage in memory.
    ...(target === 'start' ? ['--max-semi-space-size=2', '--max-old-space-size=192'] : []),
    target === 'test' ? join(root, 'tests', 'run.ts') : join(root, 'scripts', `${target}.ts`),
    ...args,
  ],
  // `npm start` notices by the IPC channel when this process ends, however it ends.
  { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], cwd: root },
);

// In a terminal, Ctrl-C reaches the whole foreground group, so the target gets SIGINT twice; a signal from elsewhere may reach this
// process only. `npm start` treats two signals within a short time as one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    child.kill(signal);
  });

// npm runs this process in a shell. When both are killed, no signal arrives here, so a new parent counts as SIGTERM.
const parent = process.ppid;
if (process.env.npm_lifecycle_event !== undefined)
  setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, 1_000).unref();

child.on('error', (error) => {
  fail(`could not run ${target}: ${error.message}`);
});
child.on('exit', (code, signal) => {
  process.exit(code ?? 128 + constants.signals[signal ?? 'SIGTERM']);
});
