// npm run check: runs the checks that need neither a stack nor another program, in parallel, in under a minute.
import { spawn } from 'node:child_process';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as inventorySchema from '../../drizzle/inventory/schema.ts';
import * as messagingSchema from '../../drizzle/messaging/schema.ts';
import * as orderSchema from '../../drizzle/order/schema.ts';
import * as paymentSchema from '../../drizzle/payment/schema.ts';
import { permissionsDrift } from './documents/generate-permissions.ts';
import { settingsDrift } from './documents/generate-settings.ts';
import { schemasFolder } from '../../schemas/tools/event-schema.ts';
import { checkContract } from '../../schemas/tools/check.ts';
import { derivedDrift } from '../../schemas/tools/derived.ts';
import { findBase } from '../../schemas/tools/history.ts';
import { commandLine, print, withExitCode } from '../operator/command-line.ts';
import { developmentAddresses } from '../stack/topology.ts';
import { readContract } from '../../schemas/tools/releases.ts';

const root = join(import.meta.dirname, '..', '..');
const node = (script: string, ...args: string[]) =>
  spawnStep(process.execPath, [join(root, 'node_modules', script), ...args]);

interface Result {
  readonly ok: boolean;
  readonly output: string;
}

const spawnStep = (command: string, args: readonly string[]): Promise<Result> =>
  new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => {
      resolve({ ok: false, output: error.message });
    });
    child.on('close', (code) => {
      resolve({ ok: code === 0, output: Buffer.concat(chunks).toString('utf8') });
    });
  });

/** Checks that the event contract is complete, no released schema has changed, and the generated files are up to date. */
const eventContract = async (): Promise<Result> => {
  try {
    const { complaints } = checkContract(readContract(), schemasFolder, await findBase(root));
    const problems = complaints.length > 0 ? complaints : await derivedDrift(developmentAddresses);
    return { ok: problems.length === 0, output: problems.join('\n') };
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) };
  }
};

/** Checks that the generated documents are up to date. */
const documentDrift = (): Promise<Result> => {
  const remedies = [settingsDrift(), permissionsDrift()].filter((remedy) => remedy !== undefined);
  return Promise.resolve({ ok: remedies.length === 0, output: remedies.join('\n') });
};

/** Checks that every change of a table has a migration: generating migrations must produce no statement. */
const migrationDrift = async (): Promise<Result> => {
  const schemas = {
    messaging: messagingSchema,
    order: orderSchema,
    inventory: inventorySchema,
    payment: paymentSchema,
  };
  const stale: string[] = [];
  for (const [service, schema] of Object.entries(schemas)) {
    const folder = join(root, 'drizzle', service, 'migrations', 'meta');
    const snapshot = readdirSync(folder)
      .filter((file) => file.endsWith('_snapshot.json'))
      .sort()
      .at(-1);
    const before: unknown = snapshot && JSON.parse(readFileSync(join(folder, snapshot), 'utf8'));
    if (!isSnapshot(before))
      return { ok: false, output: `${folder} has no valid snapshot; restore it from Git` };
    const missing = await generateMigration(before, generateDrizzleJson(schema, before.id));
    if (missing.length === 0) continue;
    const remedy = `npx drizzle-kit generate --config drizzle/${service}/drizzle.config.ts`;
    stale.push(`drizzle/${service}/schema.ts has no migration for:\n${missing.join('\n')}\nrun: ${remedy}`);
  }
  return { ok: stale.length === 0, output: stale.join('\n') };
};

const isSnapshot = (value: unknown): value is { readonly id: string } =>
  typeof value === 'object' && value !== null && 'id' in value && 'tables' in value;

const steps: readonly (readonly [string, () => Promise<Result>])[] = [
  ['types', () => node('typescript/bin/tsc', '-p', 'tsconfig.json')],
  ['types of the pages', () => node('typescript/bin/tsc', '-p', 'services/dashboard/web')],
  ['lint', () => node('eslint/bin/eslint.js', '.', '--max-warnings', '0')],
  ['formatting', () => node('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.')],
  ['event contract', eventContract],
  ['migration drift', migrationDrift],
  ['document drift', documentDrift],
  ['unit tests', () => node('vitest/vitest.mjs', 'run', '--project', 'unit', '--reporter', 'dot')],
];

const runSteps = async (): Promise<number> => {
  const began = performance.now();
  let failed = 0;
  await Promise.all(
    steps.map(async ([name, run]) => {
      const started = performance.now();
      const { ok, output } = await run();
      if (!ok) failed += 1;
      const took = ((performance.now() - started) / 1000).toFixed(1);
      print(`${ok ? 'ok    ' : 'FAILED'} ${name} (${took} s)`);
      if (!ok) print(output.trim());
    }),
  );
  const total = ((performance.now() - began) / 1000).toFixed(1);
  print(failed === 0 ? `all checks passed in ${total} s` : `${failed} of ${steps.length} checks failed`);
  return failed === 0 ? 0 : 1;
};

export const check = commandLine(
  'npm run check',
  'Checks code, event contract, migrations and documents, and runs the unit tests. Needs no stack.',
).action(withExitCode(runSteps));
