// Generates services/SETTINGS.md from the shapes with which the processes read their settings, so that it is always complete.
// Run: node scripts/quality/documents/generate-settings.ts          (npm run check fails when the file is stale)
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
const settingsFile = join(root, 'services', 'SETTINGS.md');

/** The settings of each process, by its folder in services/. */
export const shapes: Readonly<Record<string, SettingShape>> = {
  order: order.shape,
  inventory: inventory.shape,
  payment: payment.shape,
  gateway: gateway.shape,
  dashboard: dashboard.shape,
  auditor: auditor.shape,
};

const roleDescriptions: Readonly<Record<DatabaseRole, string>> = {
  admin: 'The superuser of the embedded database.',
  owner: 'The role that runs the migrations and owns the tables.',
  service: 'The role of the running service.',
  cdc: 'The role of Debezium, the only role that Kafka Connect uses.',
  auditor:
    'The role of the auditor, which reads all tables, emits canaries and records actions of administrators.',
};

/** The variables of the embedded stack and of the commands: ports, passwords and others. */
export const stackSettings: readonly StackVariable[] = [
  ...Object.values(ports).map((port) => ({
    env: port.env,
    description: `Port on loopback: ${port.label}.`,
    expected: 'a port between 1 and 65535',
    whenUnset: String(port.default),
  })),
  ...portsOfProfiles.map((port) => ({
    env: port.env,
    description: `Port on loopback, in the profile \`${port.profile}\` of docker-compose.yml: ${port.label}.`,
    expected: 'a port between 1 and 65535',
    whenUnset: String(port.default),
  })),
  ...Object.entries(passwords).flatMap(([service, variables]) =>
    (Object.keys(roleDescriptions) as DatabaseRole[]).map((role) => ({
      env: variables[role],
      description: `Password at ${service}-db. ${roleDescriptions[role]}`,
      expected: 'any text, the same at every start on the same data',
      whenUnset: developmentPassword,
      secret: true,
    })),
  ),
  ...Object.values(stackVariables),
];

interface Row {
  readonly env: string;
  readonly description: string;
  readonly expected: string;
  readonly whenUnset: string;
  readonly secret: boolean;
}

const code = (text: string): string => `\`${text}\``;

/** What the table shows as the default: the description `whenUnset`, or the value that an unset variable stands for. */
const defaultOf = ({ schema, whenUnset }: Setting<unknown>): string => {
  if (whenUnset !== undefined) return whenUnset;
  const unset = schema.safeParse(undefined);
  if (!unset.success) return '**required**';
  // Prefers the default before parsing, because that is the value that a user would set.
  const { default: text = unset.data } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return text === undefined ? 'none' : code(typeof text === 'string' ? text : JSON.stringify(text));
};

const rowOf = (setting: Setting<unknown>): Row => {
  const { env, description, expected, secret = false } = setting;
  return { env, description, expected, whenUnset: defaultOf(setting), secret };
};
const rowsOf = (shape: SettingShape): Row[] => Object.values(shape).map(rowOf);

const equals = (one: Row) => (other: Row) => JSON.stringify(one) === JSON.stringify(other);
const processes = Object.keys(shapes);
const rowsOfProcess = new Map(Object.entries(shapes).map(([owner, shape]) => [owner, rowsOf(shape)]));
const readersOf = (row: Row): string[] =>
  processes.filter((owner) => rowsOfProcess.get(owner)?.some(equals(row)));
/** A setting that three or more processes read in the same way is listed only once. */
const isShared = (row: Row): boolean => readersOf(row).length >= 3;

const cell = (text: string): string => text.replaceAll('|', '\\|');

const table = (rows: readonly Row[], usedBy?: (row: Row) => string): string => {
  const columns = [
    'variable',
    'description',
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
        row.secret ? `${row.description} Secret.` : row.description,
        row.expected,
        row.whenUnset,
        ...(usedBy === undefined ? [] : [usedBy(row)]),
      ]),
    ),
  ].join('\n');
};

/** The content of services/SETTINGS.md. The tables are not padded, so that a changed row is one changed line. */
function generateSettings(): string {
  const shared = processes
    .flatMap((owner) => (rowsOfProcess.get(owner) ?? []).filter(isShared))
    .filter((row, index, all) => all.findIndex(equals(row)) === index);
  const readerNames = (row: Row): string => {
    const names = readersOf(row);
    return names.length === processes.length ? 'every process' : names.join(', ');
  };
  const tables = processes.map((owner) => {
    const rows = (rowsOfProcess.get(owner) ?? []).filter((row) => !isShared(row));
    return `### ${owner}\n\n${table(rows)}`;
  });
  const stack = stackSettings.map((row) => ({ ...row, secret: row.secret ?? false }));
  return `<!-- Generated from services/*/settings.ts and scripts/stack by scripts/quality/documents/generate-settings.ts. DO NOT EDIT. -->

${introduction}

## Shared settings

${table(shared, readerNames)}

## Settings of one process

${tables.join('\n\n')}

## The embedded stack and the commands

\`npm start\` sets the variables above for its processes. The following variables set the ports, passwords and folders of the stack, or
belong to the commands and the tests.

${table(stack)}

## The commands, on a stack elsewhere

\`npm run connectors\`, \`doctor\`, \`recover\`, \`audit\`, \`reconcile\`, \`journey\` and \`schemas\` use the stack on this machine unless
the following variables are set. Each command signs in to PostgreSQL as the role that it needs, with the passwords above. Calls to
Kafka Connect with an https address trust the authorities of Node and of \`NODE_EXTRA_CA_CERTS\`.

${table(rowsOf(operatorShape))}
`;
}

const introduction = `# Settings

Every process reads its settings from the environment once, at its start. If values are missing, malformed or contradictory, it
prints one sentence per problem on stderr and ends with exit code ${configurationExitCode}. Secrets are never printed. An empty variable counts as not set.

## Beyond loopback

Without the settings below, connections are not encrypted. This is safe on loopback and in a service mesh that encrypts.

- **PostgreSQL**: \`DATABASE_SSLMODE=verify-full\` with \`DATABASE_CA_FILE\`; a client certificate in \`DATABASE_CERT_FILE\` and
  \`DATABASE_KEY_FILE\`. The auditor uses one certificate for its three databases.
- **Kafka**: \`KAFKA_SECURITY_PROTOCOL\` must match the listener: \`SASL_SSL\` with \`KAFKA_SASL_MECHANISM\`, user and password, or \`SSL\`
  with \`KAFKA_CERT_FILE\` and \`KAFKA_KEY_FILE\`; \`KAFKA_CA_FILE\` for both.
- **Schema registry**: an https address. \`SCHEMA_REGISTRY_CA_FILE\`, client certificate, and user and password are optional.
- **HTTP server of each process**: \`TLS_CERT_FILE\` and \`TLS_KEY_FILE\`. With \`TLS_CLIENT_CA_FILE\` every client needs a certificate,
  health probes included. The processes of OrderFlow present no certificate to each other. So do not set this variable for the
  gateway, for a dashboard that is the issuer, or for a process that the pages of the dashboard call (order, inventory, payment,
  auditor). Use a \`tcp\` health target for a process with this variable.
- **HTTP calls** to the OIDC issuer, the gateway and health targets trust the authorities of Node and of \`NODE_EXTRA_CA_CERTS\`.
- **Kafka Connect** has its own settings: for the worker \`security.protocol\`, \`ssl.*\` and \`sasl.*\`, and again with the prefixes
  \`producer.\`, \`consumer.\` and \`admin.\`; for each connector \`database.sslmode\`, \`database.sslrootcert\`, \`database.sslcert\` and
  \`database.sslkey\`. Kafka Connect does not use the schema registry.

A setting without an effect, such as a certificate authority without TLS, is refused. With \`NODE_ENV=production\`, the demo users,
the development password in a database URL and an unencrypted Kafka password are refused too. Certificates are read at the
start; after a renewal, restart the instances one after the other.`;

/** The remedy when the file is stale; undefined when it is up to date. */
export const settingsDrift = (): string | undefined =>
  generateSettings() === readFileSync(settingsFile, 'utf8')
    ? undefined
    : 'services/SETTINGS.md is stale; run: node scripts/quality/documents/generate-settings.ts';

if (import.meta.main) {
  writeFileSync(settingsFile, generateSettings());
  process.stdout.write('wrote services/SETTINGS.md\n');
}
