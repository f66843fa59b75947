// Follows the README step by step, as a newcomer would: copies the project to an empty folder, and runs `npm start`, the commands of
// README.md, scripts/README.md and scripts/bench/README.md, Ctrl-C, a second start, and `npm run reset`. The test fails if a command
// fails, or if a documented command is not in the list of this test. It does not run `npm run check`, `npm test` and the commands
// that need containers.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { copyWorkingTree } from '../../scripts/quality/working-tree.ts';
import { until } from '../../scripts/stack/supervise/deadline.ts';
import { failure } from '../../schemas/tools/failure.ts';
import { freePorts, isFree, portNames } from '../../scripts/stack/ports.ts';
import { ports as portTopology, type Ports } from '../../scripts/stack/topology.ts';
import { describeOwnParts } from '../stack/worker-stack.ts';

const root = join(import.meta.dirname, '..', '..');
const blocksOf = (document: string): string[] =>
  [...readFileSync(join(root, document), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)].map(
    (match) => match[1] ?? '',
  );
const isNpm = (block: string): boolean => block.startsWith('npm ');
/** These commands are not run, because they need Docker; compose.test.ts checks the containers against the topology. */
const isDocker = (block: string): boolean => /^(\w+=\S+ )*docker /.test(block);
const shellBlocks = blocksOf('README.md').filter((block) => !isNpm(block) && !isDocker(block));
const npmCommands = ['README.md', 'scripts/README.md', 'scripts/bench/README.md']
  .flatMap(blocksOf)
  .filter(isNpm)
  .map((block) => block.trim());

let home: string;
let project: string;
let ports: Ports;
let environment: NodeJS.ProcessEnv;
let starting: ChildProcess | undefined;
let output = '';

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'orderflow-newcomer-'));
  project = join(home, 'orderflow');
  copyWorkingTree(project);
  ports = await freePorts();
  const portVariables = portNames.map((name): [string, string] => [
    portTopology[name].env,
    String(ports[name]),
  ]);
  const { PATH, HOME, JAVA_HOME } = process.env;
  const inherited = Object.entries(process.env).filter(([name]) =>
    /^(npm_config_|NODE_EXTRA_CA_CERTS|SSL_CERT_|MAVEN_|ORDERFLOW_CACHE|XDG_CACHE_HOME|.*proxy$)/i.test(name),
  );
  const variables: [string, string | undefined][] = [...inherited, ...portVariables];
  environment = { PATH, HOME, JAVA_HOME, ...Object.fromEntries(variables) };
}, 60_000);

afterAll(async () => {
  if (starting?.exitCode === null && starting.signalCode === null) await interrupt();
  rmSync(home, { recursive: true, force: true });
});

/** The last lines of the log that a failed start names. */
const detailsOf = (text: string): string => {
  const log = /^ +details: (.+)$/m.exec(text)?.[1];
  return log !== undefined && existsSync(log) ? readFileSync(log, 'utf8').slice(-2_000) : '';
};

/** Starts `npm start` in a separate process group, as a terminal does. */
const start = async (): Promise<void> => {
  output = '';
  const child = spawn('npm', ['start'], { cwd: project, env: environment, detached: true });
  starting = child;
  const collect = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  // The download of the packages may be slow.
  await until({ what: 'npm start', withinMs: 600_000, everyMs: 200 }, () => {
    // The error contains the end of the log, because the folder with the log is deleted after the test.
    if (child.exitCode !== null) throw failure(`npm start ended:\n${output}\n${detailsOf(output)}`);
    return Promise.resolve(output.includes('Ctrl-C stops'));
  });
};

/** Simulates Ctrl-C: a terminal sends the signal to the whole foreground process group. */
const interrupt = async (): Promise<void> => {
  const child = starting;
  if (child?.pid === undefined) return;
  process.kill(-child.pid, 'SIGINT');
  await until({ what: `npm start to end:\n${output}`, withinMs: 60_000 }, () =>
    Promise.resolve(child.exitCode !== null || child.signalCode !== null),
  );
};

const run = (command: string, args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: project,
    env: environment,
    timeout: 120_000,
  });
  const text = `${stdout.toString('utf8')}${stderr.toString('utf8')}`;
  expect(status, text).toBe(0);
  return text;
};

/** A code block of the README, with the default ports replaced by the ports of this run. */
const withPortsOfThisRun = (block: string): string =>
  block.replace(/localhost:(\d+)/g, (all, port: string) => {
    const name = portNames.find((candidate) => String(portTopology[candidate].default) === port);
    return name === undefined ? all : `localhost:${ports[name]}`;
  });

describeOwnParts('a newcomer who follows the README:', () => {
  it('the npm commands of README.md, scripts/README.md and scripts/bench/README.md are exactly these', () => {
    expect(npmCommands.sort()).toEqual([
      'npm run audit',
      'npm run bench -- --seconds 5 --rates 10 --orders 5',
      'npm run bench -- backlog',
      'npm run bench -- http',
      // Not run here: .ci/run runs it.
      'npm run check',
      'npm run doctor',
      // Not run here: it needs the containers.
      'npm run drill',
      'npm run reconcile',
      'npm run reset',
      'npm start',
      // Not run here: it boots another stack and takes minutes.
      'npm test',
    ]);
  });

  it('npm start installs, boots, and places a demonstration order', { timeout: 660_000 }, async () => {
    await start();
    expect(output).toMatch(/demonstration order \S+: PAID/);
    expect(output).toMatch(/inventory\.reserved +inventory +\d+ ms +\+\d+ ms/);
    expect(output).toContain('seller2@orderflow.io');
  });

  it('the first order by curl reaches PAID and FULFILLED', { timeout: 120_000 }, () => {
    const seen = run('bash', ['-euo', 'pipefail', '-c', shellBlocks.map(withPortsOfThisRun).join('\n')]);
    expect(seen).toMatch(/ceramic-mug: \d+ free/);
    expect(seen).toMatch(/^PAID\nPAID\nFULFILLED$/m);
    expect(seen).toContain('FULFILLED fulfill');
    expect(seen.match(/status: 'succeeded'/g)).toHaveLength(1);
    expect(seen).toMatch(/order\.fulfilled +order +\d+ ms/);
  });

  it('npm run bench measures the stack', { timeout: 120_000 }, () => {
    expect(run('npm', ['run', 'bench', '--', '--seconds', '5', '--rates', '10', '--orders', '5'])).toMatch(
      /placed → PAID at 1 order\/s +p50 [\d.]+ ms/,
    );
  });

  it('npm run bench -- http puts the stack under load', { timeout: 180_000 }, () => {
    const args = ['--seconds', '3', '--clients', '10'];
    expect(run('npm', ['run', 'bench', '--', 'http', ...args])).toMatch(
      /place +p50 .*all invariants hold, 0/s,
    );
  });

  it('npm run bench -- backlog fills a pipeline and measures how it drains', { timeout: 180_000 }, () => {
    const seen = run('npm', ['run', 'bench', '--', 'backlog', '--rows', '5000']);
    expect(seen).toMatch(/5000 rows of 600 bytes written.*drained in \d+ s, \d+ rows\/s/s);
  });

  it('npm run audit, reconcile and doctor report no problem', { timeout: 120_000 }, () => {
    expect(run('npm', ['run', 'audit'])).toMatch(/^holds +money_conserved/m);
    expect(run('npm', ['run', 'reconcile'])).toContain('everything agrees');
    expect(run('npm', ['run', 'doctor'])).toContain('nothing is broken');
  });

  it(
    'npm run bench at a rate that the stack refuses names the settings that allow the rate',
    { timeout: 120_000 },
    () => {
      const args = ['run', 'bench', '--', '--seconds', '5', '--rates', '200'];
      const { status, stderr } = spawnSync('npm', args, { cwd: project, env: environment, timeout: 120_000 });
      expect([status, stderr.toString('utf8')]).toEqual([
        2,
        expect.stringMatching(/^(?!.*^ +at ).*start it with RATE_LIMIT_REQUESTS=\d+ .*npm start/ms),
      ]);
    },
  );

  it(
    'a second npm start on the same data fails and does not affect the running stack',
    { timeout: 60_000 },
    () => {
      expect(starting?.exitCode, 'the first npm start still runs').toBeNull();
      const { status, stdout, stderr } = spawnSync('npm', ['start'], {
        cwd: project,
        env: environment,
        timeout: 45_000,
      });
      expect(status).not.toBe(0);
      expect(`${stdout.toString()}${stderr.toString()}`).toMatch(/already running on .*\(pid \d+\)/);
      expect(starting?.exitCode).toBeNull();
    },
  );

  it('Ctrl-C ends all processes, closes all ports, and keeps the data', { timeout: 300_000 }, async () => {
    await interrupt();
    expect(output).toContain('nothing is left running');
    for (const port of Object.values(ports)) expect(await isFree(port), `port ${port}`).toBe(true);
    const remainingProcesses = spawnSync('pgrep', ['-f', project]).stdout.toString('utf8');
    expect(remainingProcesses).toBe('');

    await start();
    const status = `${shellBlocks[0]}\ncurl -s "localhost:3001/api/v1/orders?status=FULFILLED" -H "authorization: Bearer $CUSTOMER" | json .data.length`;
    expect(run('bash', ['-euo', 'pipefail', '-c', withPortsOfThisRun(status)]).trim()).toMatch(/^1$/m);
    await interrupt();
  });

  it('npm run reset deletes all data', { timeout: 60_000 }, () => {
    expect(existsSync(join(project, '.orderflow'))).toBe(true);
    run('npm', ['run', 'reset']);
    expect(existsSync(join(project, '.orderflow'))).toBe(false);
  });
});
