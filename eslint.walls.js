// Which folder may import which. ESLint refuses every import that is not allowed here, also in the unit tests of a folder. Only
// the files in `tests` may import everything.
import boundaries from 'eslint-plugin-boundaries';

/** The layers of services/platform, lowest first, each with the lower layers that it may import. This limits type imports too. */
const layers = {
  process: [],
  telemetry: ['process'],
  database: ['process', 'telemetry'],
  'event-codec': ['process', 'telemetry', 'database'],
  'audit-log': ['process', 'telemetry', 'database'],
  transaction: ['process', 'telemetry', 'database', 'event-codec', 'audit-log', 'decision'],
  messaging: ['process', 'telemetry', 'database', 'event-codec', 'audit-log', 'transaction'],
  http: ['process', 'telemetry', 'database', 'event-codec', 'audit-log', 'transaction', 'messaging'],
};
/** The layers of the dashboard's pages, lowest first, each with the layers that it may import. */
const pageLayers = {
  'pages-api': [],
  'pages-parts': ['pages-api'],
  screens: ['pages-api', 'pages-parts'],
  'pages-app': ['pages-api', 'pages-parts', 'screens'],
};
const sagaServices = ['order', 'inventory', 'payment'];
const services = [...sagaServices, 'gateway', 'auditor', 'dashboard'];
const tablesOf = (service) => `${service}-tables`;
const domainOf = (service) => `${service}-domain`;

const folder = (type, pattern) => ({ type, pattern });

/** The first that fits a file is its place. */
const places = [
  folder('decision', 'services/platform/transaction/decision'),
  ...Object.keys(layers).map((layer) => folder(layer, `services/platform/${layer}`)),
  folder('composition-root', 'services/platform'),
  ...services.map((service) => folder(domainOf(service), `services/${service}/domain`)),
  ...['api', 'parts'].map((name) => folder(`pages-${name}`, `services/dashboard/web/src/${name}`)),
  folder('screens', 'services/dashboard/web/src/screens'),
  folder('pages-app', 'services/dashboard/web/src'),
  ...services.map((service) => folder(service, `services/${service}`)),
  folder('contract', 'schemas/generated'),
  folder('schema-tools', 'schemas/tools'),
  ...sagaServices.map((service) => folder(tablesOf(service), `drizzle/${service}`)),
  folder('messaging-tables', 'drizzle'),
  folder('stack', 'scripts/stack'),
  folder('saga-in-process', 'scripts/bench/in-process'),
  folder('scripts', 'scripts'),
  folder('tests', 'tests'),
];

/** Files that other places may import although they may not import the rest of their folder, by category. */
const publicFiles = [
  { category: 'api', pattern: 'services/*/http/api.ts' },
  { category: 'logical-types', pattern: 'schemas/avro-types.ts' },
  ...['settings', 'subscriptions', '*-metrics', '*/permissions', 'server/parts-health'].map((name) => ({
    category: 'public',
    pattern: `services/*/${name}.ts`,
  })),
  // What a service declares and enforces: who may call it, and what it does with the events that it reads.
  ...['http/permissions', 'reactions'].map((name) => ({
    category: 'declared',
    pattern: `services/*/${name}.ts`,
  })),
];

const platform = [...Object.keys(layers), 'decision', 'composition-root'];
const tables = ['messaging-tables', ...sagaServices.map(tablesOf)];
const everywhere = [...platform, 'contract'];

const to = (...types) => ({ element: { type: types } });
const toFiles = (categories, types) => ({ element: { type: types }, file: { categories } });
const allow = (from, ...allowed) => ({ from: to(from), allow: { to: allowed } });

const policies = [
  allow('decision', to('decision', 'contract')),
  ...Object.entries(layers).map(([layer, below]) =>
    allow(layer, to(layer, ...below, 'contract', 'messaging-tables')),
  ),
  allow('composition-root', to(...everywhere)),
  ...services.flatMap((service) => [
    allow(domainOf(service), to(domainOf(service), 'decision', 'contract')),
    allow(service, to(service, domainOf(service), ...everywhere, tablesOf(service))),
  ]),
  ...['event-codec', 'schema-tools'].map((place) => ({
    from: to(place),
    allow: { to: { file: { categories: 'logical-types' } } },
  })),
  // The dashboard is the only service that imports other services, because it is a client of all of them. It imports their
  // declarations and the released events from the source, because a copy would go stale.
  ...['dashboard', 'pages-api'].map((place) =>
    allow(place, to('schema-tools', 'http'), toFiles(['api', 'declared'], services)),
  ),
  ...Object.entries(pageLayers).map(([layer, below]) => allow(layer, to(layer, ...below))),
  allow('pages-api', to('dashboard')),
  allow('contract', to('contract')),
  allow('schema-tools', to('schema-tools', 'contract')),
  ...sagaServices.map((service) => allow(tablesOf(service), to(tablesOf(service), 'messaging-tables'))),
  allow('messaging-tables', to('messaging-tables')),
  allow('stack', to('stack', 'schema-tools', ...everywhere, ...tables), toFiles(['api', 'public'], services)),
  // The auditor's findings are what the operators' commands show.
  allow(
    'scripts',
    to(
      'scripts',
      'saga-in-process',
      'stack',
      'schema-tools',
      'auditor',
      domainOf('auditor'),
      ...everywhere,
      ...tables,
    ),
    toFiles(['api', 'public'], services),
  ),
  // This benchmark measures an upper bound: the handlers of all three services in one process, without events between them.
  allow(
    'saga-in-process',
    to(
      'saga-in-process',
      'scripts',
      'stack',
      'schema-tools',
      ...sagaServices,
      ...sagaServices.map(domainOf),
      ...everywhere,
    ),
  ),
  allow('tests', to(...places.map(({ type }) => type))),
];

const files = ['services', 'schemas', 'drizzle', 'scripts', 'tests'].map((top) => `${top}/**/*.{ts,tsx}`);

export const walls = {
  files,
  plugins: { boundaries },
  settings: {
    'import/resolver': { typescript: { project: 'tsconfig.json' } },
    'boundaries/include': files,
    'boundaries/elements': places,
    'boundaries/files': publicFiles,
  },
  rules: {
    'boundaries/dependencies': ['error', { default: 'disallow', policies }],
  },
};
