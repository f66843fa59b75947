// The table of all settings, made from the very shapes that the processes read: a hand-written one would leave out the
// setting of last week and keep the default of last year.
// Run: node scripts/quality/documents/generate-settings.ts          (npm run check fails when the table is stale)
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import * as auditor from '../../../services/auditor/settings.ts';
import * as dashboard from '../../../services/dashboard/settings.ts';
import * as gateway from '../../../services/gateway/settings.ts';
import * as inventory from '../../../services/inventory/settings.ts';
import * as order from '../../../services/order/settings.ts';
import * as payment from '../../../services/payment/settings.ts';
import {
  configurationExitCode,
  type Setting,
  type SettingShape,
} from '../../../services/platform/process/settings/config.ts';
import {
  developmentPassword,
  passwords,
  ports,
  portsOfProfiles,
  type DatabaseRole,
} from '../../stack/topology.ts';
import { shape as operatorShape } from '../../operator/operator-settings.ts';
import { stackVariables, type StackVariable } from '../../stack/variables.ts';

const root = join(import.meta.dirname, '..', '..', '..');
export const settingsFile = join(root, 'services', 'SETTINGS.md');

/** The settings of each process, by its folder in services/. */
export const shapes: Readonly<Record<string, SettingShape>> = {
  order: order.shape,
  inventory: inventory.shape,
  payment: payment.shape,
  gateway: gateway.shape,
  dashboard: dashboard.shape,
  auditor: auditor.shape,
};

const what: Readonly<Record<DatabaseRole, string>> = {
  admin: 'The superuser of the embedded database.',
  owner: 'The role that runs the migrations and owns the tables.',
  service: 'The role of the running service.',
  cdc: 'The role of Debezium; Kafka Connect is given no other.',
  auditor: 'The role of the auditor, which can read and send canaries.',
};

/** The variables of the embedded stack and of the commands: ports, passwords, and the rest. */
export const stackSettings: readonly StackVariable[] = [
  ...Object.values(ports).map((port) => ({
    env: port.env,
    about: `Port of the ${port.what}, on loopback.`,
    expected: 'a port between 1 and 65535',
    otherwise: String(port.default),
  })),
  ...portsOfProfiles.map((port) => ({
    env: port.env,
    about: `Port of the ${port.what}, on loopback, in the profile \`${port.profile}\` of docker-compose.yml.`,
    expected: 'a port between 1 and 65535',
    otherwise: String(port.default),
  })),
  ...Object.entries(passwords).flatMap(([service, variables]) =>
    (Object.keys(what) as DatabaseRole[]).map((role) => ({
      env: variables[role],
      about: `Password at ${service}-db. ${what[role]}`,
      expected: 'any text, the same at every start on the same data',
      otherwise: developmentPassword,
      secret: true,
    })),
  ),
  ...Object.values(stackVariables),
];

interface Row {
  readonly env: string;
  readonly about: string;
  readonly expected: string;
  readonly otherwise: string;
  readonly secret: boolean;
}

const code = (text: string): string => `\`${text}\``;

/** The text that means the same as leaving the variable out. */
const defaultOf = ({ schema, otherwise }: Setting<unknown>): string => {
  if (otherwise !== undefined) return otherwise;
  const unset = schema.safeParse(undefined);
  if (!unset.success) return '**required**';
  // What is given in place of the text, where there is a text; else the value that it would have become.
  const { default: text = unset.data } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return text === undefined ? 'none' : code(typeof text === 'string' ? text : JSON.stringify(text));
};

const rowOf = (setting: Setting<unknown>): Row => {
  const { env, about, expected, secret = false } = setting;
  return { env, about, expected, otherwise: defaultOf(setting), secret };
};
const rowsOf = (shape: SettingShape): Row[] => Object.values(shape).map(rowOf);

const same = (one: Row) => (other: Row) => JSON.stringify(one) === JSON.stringify(other);
const processes = Object.keys(shapes);
const rowsOfProcess = new Map(Object.entries(shapes).map(([owner, shape]) => [owner, rowsOf(shape)]));
const readersOf = (row: Row): string[] =>
  processes.filter((owner) => rowsOfProcess.get(owner)?.some(same(row)));
/** Read by so many processes in the same way, a setting is listed once for all of them. */
const isShared = (row: Row): boolean => readersOf(row).length >= 3;

const cell = (text: string): string => text.replaceAll('|', '\\|');

const table = (rows: readonly Row[], usedBy?: (row: Row) => string): string => {
  const columns = [
    'variable',
    'what it is',
    'expected',
    'default',
    ...(usedBy === undefined ? [] : ['used by']),
  ];
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map((row) =>
      line([
        code(row.env),
        row.secret ? `${row.about} Secret.` : row.about,
        row.expected,
        row.otherwise,
        ...(usedBy === undefined ? [] : [usedBy(row)]),
      ]),
    ),
  ].join('\n');
};

/** services/SETTINGS.md as it should be. Its tables are not padded, so that a change of one row is a change of one line. */
export function generateSettings(): string {
  const shared = processes
    .flatMap((owner) => (rowsOfProcess.get(owner) ?? []).filter(isShared))
    .filter((row, index, all) => all.findIndex(same(row)) === index);
  const readers = (row: Row): string => {
    const names = readersOf(row);
    return names.length === processes.length ? 'every process' : names.join(', ');
  };
  const own = processes.map((owner) => {
    const rows = (rowsOfProcess.get(owner) ?? []).filter((row) => !isShared(row));
    return `### ${owner}\n\n${table(rows)}`;
  });
  const stack = stackSettings.map((row) => ({ ...row, secret: row.secret ?? false }));
  return `<!-- Generated from services/*/settings.ts and scripts/stack by scripts/quality/documents/generate-settings.ts. DO NOT EDIT. -->

${introduction}

## Shared settings

${table(shared, readers)}

## Settings of one process

${own.join('\n\n')}

## The embedded stack and the commands

\`npm start\` and the commands beside it give the processes above what they need. These move it, or are read by it alone.

${table(stack)}

## The commands, on a stack elsewhere

\`npm run connectors\`, \`doctor\`, \`recover\`, \`audit\`, \`reconcile\` and \`schemas\` look at the stack on this machine, unless these
say otherwise. Each signs in to PostgreSQL as the role that it needs, with the passwords above. Kafka Connect is asked over
HTTP calls like all others: an https address trusts what Node trusts, and \`NODE_EXTRA_CA_CERTS\`.

${table(rowsOf(operatorShape))}
`;
}

const introduction = `# Settings

Every process reads its settings once, from the environment, when it starts. A value that is missing or malformed, or two
that contradict each other, end the start with exit code ${configurationExitCode} and one sentence each on stderr; the text of a secret is
never repeated. A variable that is set to nothing counts as not set.

## Beyond loopback

Without the settings below every connection is plain, which is fit for loopback and for a mesh that encrypts by itself.

- **PostgreSQL**: \`DATABASE_SSLMODE=verify-full\` with \`DATABASE_CA_FILE\`; a client certificate in \`DATABASE_CERT_FILE\` and
  \`DATABASE_KEY_FILE\`. The auditor uses one certificate for its three databases.
- **Kafka**: \`KAFKA_SECURITY_PROTOCOL\` is the listener's: \`SASL_SSL\` with \`KAFKA_SASL_MECHANISM\`, user and password, or \`SSL\`
  with \`KAFKA_CERT_FILE\` and \`KAFKA_KEY_FILE\`; \`KAFKA_CA_FILE\` for both.
- **Schema registry**: an https address; \`SCHEMA_REGISTRY_CA_FILE\`, a client certificate, a user and a password, each by itself.
- **Own HTTP server**: \`TLS_CERT_FILE\` and \`TLS_KEY_FILE\`. With \`TLS_CLIENT_CA_FILE\` only clients with a certificate get in,
  health probes included. The calls that OrderFlow's own processes make of each other show none: leave it off at the gateway
  and at the dashboard where it is the issuer, and have the dashboard probe such a process by a \`tcp\` target.
- **HTTP calls** to the OIDC issuer, the gateway and health targets trust what Node trusts, and \`NODE_EXTRA_CA_CERTS\`.
- **Kafka Connect** has its own: for the worker \`security.protocol\`, \`ssl.*\` and \`sasl.*\`, and all of them again with the prefixes
  \`producer.\`, \`consumer.\` and \`admin.\`; for each connector \`database.sslmode\`, \`database.sslrootcert\`, \`database.sslcert\` and
  \`database.sslkey\`. It never asks the schema registry.

A setting that would have no effect, such as an authority without TLS, is refused, and so are, with
\`NODE_ENV=production\`, the demo users, the development password in a database URL and a Kafka password sent in clear.
Certificates are read at start; after a renewal, restart one instance after the other.`;

/** What is wrong with the file, or undefined. */
export const settingsDrift = (): string | undefined =>
  generateSettings() === readFileSync(settingsFile, 'utf8')
    ? undefined
    : 'services/SETTINGS.md is stale; run: node scripts/quality/documents/generate-settings.ts';

if (import.meta.main) {
  writeFileSync(settingsFile, generateSettings());
  process.stdout.write('wrote services/SETTINGS.md\n');
}
