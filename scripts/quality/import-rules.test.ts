// For each forbidden pair of places, lint must reject an import and an `import type`; in some pairs the importing file is a unit test.
// For each allowed pair, lint must accept the import.
import { ESLint } from 'eslint';
import { join, relative, dirname } from 'node:path';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const eslint = new ESLint({
  cwd: root,
  ruleFilter: ({ ruleId }) => ruleId === 'boundaries/dependencies',
  // The rule needs no type information.
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
});

/** How many errors lint reports for the file `from` when it contains only an import of `to`. */
const errorsFor = async (
  from: string,
  to: string,
  kind: 'import' | 'import type' = 'import',
): Promise<number> => {
  for (const path of [from, to]) if (!existsSync(join(root, path))) throw new Error(`there is no ${path}`);
  const path = relative(dirname(from), to);
  const code = `${kind} { something } from '${path.startsWith('.') ? path : `./${path}`}';\n`;
  const [result] = await eslint.lintText(code, { filePath: join(root, from) });
  return result?.messages.length ?? NaN;
};

const fileIn = {
  decision: 'services/platform/transaction/decision/decision.ts',
  process: 'services/platform/process/settings/config.ts',
  telemetry: 'services/platform/telemetry/metrics.ts',
  database: 'services/platform/database/database.ts',
  'event-codec': 'services/platform/event-codec/event-codec.ts',
  'audit-log': 'services/platform/audit-log/audit-log.ts',
  transaction: 'services/platform/transaction/handle.ts',
  messaging: 'services/platform/messaging/consumer.ts',
  http: 'services/platform/http/server/app.ts',
  'a test of the platform': 'services/platform/process/settings/config.test.ts',
  'the composition root': 'services/platform/service.ts',
  order: 'services/order/store.ts',
  'order, domain': 'services/order/domain/decide.ts',
  'order, domain test': 'services/order/domain/decide.test.ts',
  'order, api': 'services/order/http/api.ts',
  'order, test': 'services/order/http/order-watch.test.ts',
  inventory: 'services/inventory/store.ts',
  'inventory, domain': 'services/inventory/domain/product.ts',
  'inventory, api': 'services/inventory/http/api.ts',
  payment: 'services/payment/store.ts',
  'payment, domain': 'services/payment/domain/payment.ts',
  gateway: 'services/gateway/ledger.ts',
  auditor: 'services/auditor/audit.ts',
  'auditor, domain': 'services/auditor/domain/checks.ts',
  dashboard: 'services/dashboard/server/http.ts',
  'pages, api': 'services/dashboard/web/src/api/queries.ts',
  'pages, parts': 'services/dashboard/web/src/parts/page.tsx',
  'pages, a screen': 'services/dashboard/web/src/screens/shop/shop-page.tsx',
  'pages, app': 'services/dashboard/web/src/app/router.tsx',
  'schema tools': 'schemas/tools/releases.ts',
  'logical types': 'schemas/avro-types.ts',
  'tables of order': 'drizzle/order/schema.ts',
  'tables of inventory': 'drizzle/inventory/schema.ts',
  stack: 'scripts/stack/boot.ts',
  connectors: 'scripts/connectors/apply.ts',
  doctor: 'scripts/doctor/judge.ts',
  tests: 'tests/support/shop.ts',
} as const;
type Place = keyof typeof fileIn;

const layers: readonly Place[] = [
  'process',
  'telemetry',
  'database',
  'audit-log',
  'transaction',
  'messaging',
  'http',
];
const upwards = layers.flatMap((from, index) =>
  layers.slice(index + 1).map((to): [Place, Place] => [from, to]),
);

const forbidden: readonly (readonly [Place, Place])[] = [
  ...upwards,
  ['event-codec', 'audit-log'],
  ['order', 'logical types'],
  ['audit-log', 'event-codec'],
  ['event-codec', 'transaction'],
  ['database', 'event-codec'],
  ['decision', 'transaction'],
  ['decision', 'process'],
  // The platform must not import a service.
  ['process', 'order'],
  ['http', 'order, api'],
  ['messaging', 'order, domain'],
  ['the composition root', 'order'],
  ['a test of the platform', 'order'],
  // A service must not import another service, not even in its tests.
  ['order', 'inventory'],
  ['order', 'inventory, api'],
  ['order', 'payment, domain'],
  ['inventory', 'order'],
  ['payment', 'inventory'],
  ['payment', 'gateway'],
  ['auditor', 'order'],
  ['gateway', 'payment'],
  ['order, test', 'inventory'],
  ['order, test', 'tests'],
  ['dashboard', 'order'],
  ['dashboard', 'order, domain'],
  // In the pages, too, imports go only downwards.
  ['pages, api', 'pages, parts'],
  ['pages, api', 'pages, a screen'],
  ['pages, parts', 'pages, a screen'],
  ['pages, parts', 'pages, app'],
  ['pages, a screen', 'pages, app'],
  ['pages, a screen', 'order, domain'],
  ['pages, a screen', 'dashboard'],
  ['dashboard', 'pages, a screen'],
  // A service must not import the tables of another service.
  ['order', 'tables of inventory'],
  ['inventory', 'tables of order'],
  // A decision depends only on its input.
  ['order, domain', 'order'],
  ['order, domain', 'inventory, domain'],
  ['order, domain', 'payment, domain'],
  ['order, domain', 'process'],
  ['order, domain', 'transaction'],
  ['order, domain', 'tables of order'],
  ['order, domain test', 'inventory, domain'],
  ['order, domain test', 'tests'],
  ['auditor, domain', 'auditor'],
  // Only tests import tests. Services and the stack do not import the scripts of operators. Schema tools import only
  // the contract and the logical types.
  ['order', 'stack'],
  ['order', 'connectors'],
  ['auditor', 'doctor'],
  ['process', 'stack'],
  ['order', 'tests'],
  ['http', 'tests'],
  ['stack', 'tests'],
  ['connectors', 'tests'],
  ['schema tools', 'tests'],
  ['schema tools', 'stack'],
  ['schema tools', 'process'],
  ['schema tools', 'event-codec'],
  ['schema tools', 'order'],
  ['order', 'schema tools'],
  ['stack', 'connectors'],
  ['stack', 'doctor'],
  ['stack', 'order'],
  ['stack', 'auditor'],
  ['connectors', 'order'],
  ['doctor', 'inventory, domain'],
];

const allowed: readonly (readonly [Place, Place])[] = [
  ...upwards.map(([low, high]): [Place, Place] => [high, low]),
  ['order', 'order, domain'],
  ['order', 'transaction'],
  ['order', 'tables of order'],
  ['order, domain', 'decision'],

  ['dashboard', 'order, api'],
  ['pages, api', 'order, api'],
  ['pages, a screen', 'pages, parts'],
  ['pages, app', 'pages, a screen'],
  ['stack', 'inventory, api'],
  ['stack', 'schema tools'],
  ['connectors', 'stack'],
  ['doctor', 'auditor'],
  ['event-codec', 'logical types'],
  ['schema tools', 'logical types'],
  ['tests', 'order'],
  ['tests', 'stack'],
];

describe('the import rules', { timeout: 120_000 }, () => {
  it.each(forbidden)('forbid %s to import %s, types included', async (from, to) => {
    expect(await errorsFor(fileIn[from], fileIn[to])).toBe(1);
    expect(await errorsFor(fileIn[from], fileIn[to], 'import type')).toBe(1);
  });

  it.each(allowed)('allow %s to import %s', async (from, to) => {
    expect(await errorsFor(fileIn[from], fileIn[to])).toBe(0);
  });
});

describe('the rules for the pure core', { timeout: 120_000 }, () => {
  it.each(['Date.now()', 'Math.random()', 'process.env'])('forbid %s', async (expression) => {
    const rules = new ESLint({
      cwd: root,
      ruleFilter: ({ ruleId }) => ruleId === 'no-restricted-properties',
      overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
    });
    const [result] = await rules.lintText(`export const value = ${expression};\n`, {
      filePath: join(root, fileIn['order, domain']),
    });
    expect(result?.messages).toHaveLength(1);
  });
});
