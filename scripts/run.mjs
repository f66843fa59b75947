// The way in for every npm script: plain JavaScript that runs on any Node from 20 on with nothing installed. It installs
// the dependencies when they are not those of the lock file, then runs the named target with the Node 24 that is one of
// them, which runs TypeScript as it stands. A signal reaches the target even when only npm was sent it.
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

/** What npm itself recorded: every package of the lock that is not optional is there, and nothing else in another version. */
const npmAgrees = () => {
  const record = join(modules, '.package-lock.json');
  if (!existsSync(record)) return false;
  const { packages: present } = JSON.parse(readFileSync(record, 'utf8'));
  const { packages: locked } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const wanted = Object.entries(locked).filter(([path]) => path !== '');
  return (
    Object.entries(present).every(([path, { version }]) => locked[path]?.version === version) &&
    wanted.every(([path, { optional }]) => optional === true || path in present)
  );
};

const isInstalled = () => {
  if (existsSync(stamp)) return readFileSync(stamp, 'utf8').trim() === lockHash();
  if (!npmAgrees()) return false;
  writeFileSync(stamp, `${lockHash()}\n`);
  return true;
};

/** Runs npm quietly, with a line now and then so that nobody thinks it hangs. */
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
    // Inside `npm start`, npm names its own program; a bare `npm` may be another one.
    const npm = process.env.npm_execpath;
    // What packages would run after their installation only builds what nothing here uses, slowly and with a compiler.
    const ci = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
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
      // npm goes on to print its usage; what is wrong comes first, and the whole is in the log it names last.
      const lines = output.join('').trimEnd().split('\n');
      console.error(
        (lines.length > 16 ? [...lines.slice(0, 12), '…', ...lines.slice(-1)] : lines).join('\n'),
      );
      fail(`npm could not install the dependencies (${problem}); correct what it says above and start again`);
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
    // KafkaJS computes timeouts that have just passed; newer versions of Node warn of each.
    '--disable-warning=TimeoutNegativeWarning',
    '--disable-warning=ExperimentalWarning',
    // Loading the modules would otherwise leave 200 MB of garbage lying about.
    ...(target === 'start' ? ['--max-semi-space-size=2', '--max-old-space-size=192'] : []),
    target === 'test' ? join(root, 'tests', 'run.ts') : join(root, 'scripts', `${target}.ts`),
    ...args,
  ],
  // The channel tells the target when this process is gone, however it ended.
  { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], cwd: root },
);

// In a terminal Ctrl-C reaches the whole foreground group; from elsewhere it may reach this process alone. Passing it
// on is right in both cases, because the target takes two signals within a second for one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    child.kill(signal);
  });

// npm runs this below a shell. When both are killed, nobody would pass a signal on, so their end counts as one.
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
