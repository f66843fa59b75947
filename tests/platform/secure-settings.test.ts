// TLS and password settings are checked before a process opens a connection: missing files, incomplete pairs, settings without effect,
// and settings that are allowed only in development.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createTestAuthority } from '../support/test-certificates.ts';
import * as auditor from '../../services/auditor/settings.ts';
import * as dashboard from '../../services/dashboard/settings.ts';
import * as gateway from '../../services/gateway/settings.ts';
import * as order from '../../services/order/settings.ts';
import { configurationExitCode, parseConfig } from '../../services/platform/process/settings/config.ts';
import { databaseTrust } from '../../services/platform/process/security/database-security.ts';
import { kafkaSecurity } from '../../services/platform/process/security/kafka-security.ts';
import { serverTls } from '../../services/platform/process/settings/process-settings.ts';
import { registrySecurity } from '../../services/platform/process/security/registry-security.ts';

const folder = mkdtempSync(join(tmpdir(), 'orderflow-pem-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const authority = createTestAuthority('test authority');
const [first, second] = [authority.issue('first'), authority.issue('second')];
const files = {
  ca: file('ca.pem', authority.cert),
  cert: file('first.pem', `${first.cert}${authority.cert}`),
  key: file('first.key', first.key),
  otherKey: file('second.key', second.key),
  text: file('notes.txt', 'not a certificate'),
  broken: file('broken.pem', authority.cert.replace(/\n[^\n]{10}/, '\nAAAAAAAAAA')),
  missing: join(folder, 'nowhere.pem'),
};

const requiredSettings = {
  DATABASE_URL: 'postgres://me:hush@db.example/things',
  KAFKA_BROKERS: 'kafka.example:9093',
  SCHEMA_REGISTRY_URL: 'https://registry.example/apis/ccompat/v7',
  OIDC_ISSUER: 'https://id.example',
};
const read = (env: Record<string, string>) =>
  parseConfig(order.shape, { ...requiredSettings, ...env }, order.contradictions);
const problemsOf = (env: Record<string, string>): readonly string[] => {
  const result = read(env);
  return result.ok ? [] : result.problems;
};
const configOf = (env: Record<string, string>) => {
  const result = read(env);
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result.config;
};

describe('a PEM file', () => {
  it.each([
    [
      'TLS_CERT_FILE',
      files.missing,
      'which cannot be read (ENOENT); expected the path of a PEM file with certificates.',
    ],
    [
      'TLS_CERT_FILE',
      folder,
      'which cannot be read (EISDIR); expected the path of a PEM file with certificates.',
    ],
    ['DATABASE_CA_FILE', files.text, 'which contains no valid PEM certificate; expected the path'],
    ['KAFKA_CA_FILE', files.broken, 'which contains no valid PEM certificate; expected the path'],
    ['NODE_EXTRA_CA_CERTS', files.missing, 'which cannot be read (ENOENT); expected the path'],
    ['KAFKA_KEY_FILE', files.cert, 'which contains no valid private key; expected the path'],
  ])(
    'that is invalid is reported with the name of its setting and the reason (%s)',
    (variable, path, reason) => {
      const [problem, ...more] = problemsOf({ [variable]: path });
      expect(more).toEqual([]);
      expect(problem).toContain(`${variable} is ${JSON.stringify(path)}, ${reason}`);
    },
  );

  it('that is invalid makes a process exit at the start with code 78 and one sentence', async () => {
    const env = { PATH: process.env['PATH'], ...requiredSettings, TLS_CERT_FILE: files.missing, PORT: '0' };
    const main = join(import.meta.dirname, '..', '..', 'services', 'order', 'main.ts');
    const ended = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, [main], { env, timeout: 50_000 }, (error, _stdout, stderr) => {
        resolve({ code: error?.code, stderr });
      });
    });
    expect(ended).toEqual({
      code: configurationExitCode,
      stderr: expect.stringMatching(/^Cannot start:\n {2}TLS_CERT_FILE is [^\n]*\n$/),
    });
  }, 60_000);
});

describe('a certificate and its key', () => {
  const settingsThatUseTls: Record<string, Record<string, string>> = {
    TLS: {},
    DATABASE: { DATABASE_SSLMODE: 'verify-full' },
    KAFKA: { KAFKA_SECURITY_PROTOCOL: 'SSL' },
    SCHEMA_REGISTRY: {},
  };
  it.each(Object.keys(settingsThatUseTls))('of %s must match', (prefix) => {
    const [cert, key] = [`${prefix}_CERT_FILE`, `${prefix}_KEY_FILE`];
    const problems = (env: Record<string, string>) => problemsOf({ ...settingsThatUseTls[prefix], ...env });
    expect(problems({ [cert]: files.cert, [key]: files.key })).toEqual([]);
    expect(problems({ [cert]: files.cert })).toEqual([
      `${cert} is set, but ${key} is not; expected both or neither.`,
    ]);
    expect(problems({ [key]: files.key })).toEqual([
      `${key} is set, but ${cert} is not; expected both or neither.`,
    ]);
    expect(problems({ [cert]: files.cert, [key]: files.otherKey })).toEqual([
      `${key} is not the private key of the first certificate of ${cert}.`,
    ]);
  });
});

describe('a setting that would have no effect', () => {
  it.each<[string, Record<string, string>]>([
    ['DATABASE_CA_FILE', { DATABASE_CA_FILE: files.ca }],
    ['DATABASE_CA_FILE', { DATABASE_CA_FILE: files.ca, DATABASE_SSLMODE: 'require' }],
    ['KAFKA_CA_FILE', { KAFKA_CA_FILE: files.ca }],
    ['KAFKA_CA_FILE', { KAFKA_CA_FILE: files.ca, KAFKA_SECURITY_PROTOCOL: 'PLAINTEXT' }],
    ['KAFKA_SASL_PASSWORD', { KAFKA_SASL_PASSWORD: 'hush', KAFKA_SECURITY_PROTOCOL: 'SSL' }],
    [
      'SCHEMA_REGISTRY_CA_FILE',
      { SCHEMA_REGISTRY_CA_FILE: files.ca, SCHEMA_REGISTRY_URL: 'http://registry' },
    ],
    ['TLS_CLIENT_CA_FILE', { TLS_CLIENT_CA_FILE: files.ca }],
  ])('is refused: %s in %j', (variable, env) => {
    expect(problemsOf(env)).toEqual([
      expect.stringMatching(`^${variable} is set, but would have no effect `),
    ]);
  });
});

describe('the settings for PostgreSQL', () => {
  it.each(['require', 'verify-full', 'disable'])(
    'do not allow TLS parameters in the URL (sslmode=%s)',
    (mode) => {
      expect(problemsOf({ DATABASE_URL: `${requiredSettings.DATABASE_URL}?sslmode=${mode}` })).toEqual([
        'DATABASE_URL has TLS parameters; expected DATABASE_SSLMODE and the DATABASE_*_FILE settings instead.',
      ]);
    },
  );
  it('do not allow the unsafe modes of libpq', () => {
    expect(problemsOf({ DATABASE_SSLMODE: 'prefer' })).toEqual([
      'DATABASE_SSLMODE is "prefer"; expected one of disable, require, verify-ca, verify-full.',
    ]);
  });
  it('make clients verify the server certificate unless the mode is disable or require', () => {
    const trust = (env: Record<string, string>) =>
      databaseTrust(configOf(env), requiredSettings.DATABASE_URL);
    expect(trust({})).toBe(false);
    expect(trust({ DATABASE_SSLMODE: 'require' })).toMatchObject({ rejectUnauthorized: false });
    const fileSettings = {
      DATABASE_CA_FILE: files.ca,
      DATABASE_CERT_FILE: files.cert,
      DATABASE_KEY_FILE: files.key,
    };
    for (const DATABASE_SSLMODE of ['verify-ca', 'verify-full'])
      expect(trust({ DATABASE_SSLMODE, ...fileSettings })).toMatchObject({
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
        ca: authority.cert,
        key: first.key,
      });
  });
});

describe('the settings for Kafka', () => {
  const user = { KAFKA_SASL_USERNAME: 'order', KAFKA_SASL_PASSWORD: 'hush' };
  it('must include a mechanism, a user and a password for SASL', () => {
    expect(problemsOf({ KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' })).toEqual(
      ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'].map(
        (variable) => `${variable} is not set; it is needed with KAFKA_SECURITY_PROTOCOL=SASL_SSL.`,
      ),
    );
    const sasl = { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', ...user };
    expect(kafkaSecurity(configOf(sasl))).toEqual({
      tls: { minVersion: 'TLSv1.2' },
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'order', password: 'hush' },
    });
  });
  it('do not allow an unknown SASL mechanism', () => {
    expect(problemsOf({ KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM: 'MD5', ...user })).toEqual(
      ['KAFKA_SASL_MECHANISM is "MD5"; expected one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512.'],
    );
  });
});

describe('the settings for the schema registry', () => {
  it('must include the user and the password together, and not in the URL', () => {
    expect(problemsOf({ SCHEMA_REGISTRY_USERNAME: 'me' })).toEqual([
      'SCHEMA_REGISTRY_USERNAME is set, but SCHEMA_REGISTRY_PASSWORD is not; expected both or neither.',
    ]);
    for (const login of ['me:hush', ':hush', 'hush']) {
      const [problem = ''] = problemsOf({ SCHEMA_REGISTRY_URL: `https://${login}@registry` });
      expect(problem).toContain('SCHEMA_REGISTRY_URL contains a user');
      expect(problem).not.toContain('hush');
    }
    const user = { SCHEMA_REGISTRY_USERNAME: 'me', SCHEMA_REGISTRY_PASSWORD: 'hush' };
    expect(registrySecurity(configOf(user)).user).toEqual({ username: 'me', password: 'hush' });
  });
});

describe('the HTTP server', () => {
  it('uses plain HTTP without a certificate, and verifies clients if a client authority is configured', () => {
    expect(serverTls(configOf({}))).toBeUndefined();
    const pair = { TLS_CERT_FILE: files.cert, TLS_KEY_FILE: files.key };
    expect(serverTls(configOf(pair))).not.toHaveProperty('clientCa');
    expect(serverTls(configOf({ ...pair, TLS_CLIENT_CA_FILE: files.ca }))).toMatchObject({
      clientCa: authority.cert,
    });
  });
});

describe('with NODE_ENV=production', () => {
  const production = { NODE_ENV: 'production' };
  it('a service refuses the public development password and accepts other passwords', () => {
    expect(problemsOf({ ...production, DATABASE_URL: 'postgres://me:orderflow@db/things' })).toEqual([
      'NODE_ENV is "production", but the password in DATABASE_URL is the public password for development; expected another password.',
    ]);
    expect(problemsOf(production)).toEqual([]);
    expect(problemsOf({ DATABASE_URL: 'postgres://me:orderflow@db/things' })).toEqual([]);
  });
  it('a service refuses to send its Kafka password unencrypted', () => {
    const user = { KAFKA_SASL_USERNAME: 'order', KAFKA_SASL_PASSWORD: 'hush', KAFKA_SASL_MECHANISM: 'PLAIN' };
    const plain = { ...user, KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT' };
    expect(problemsOf({ ...production, ...plain })).toEqual([expect.stringContaining('unencrypted')]);
    expect(problemsOf(plain)).toEqual([]);
  });
  it('the auditor refuses the development password for each of its databases', () => {
    const url = 'postgres://me:orderflow@db/things';
    const result = parseConfig(
      auditor.shape,
      {
        ...production,
        ORDER_DATABASE_URL: url,
        INVENTORY_DATABASE_URL: url,
        PAYMENT_DATABASE_URL: 'postgres://me:hush@db/things',
        KAFKA_BROKERS: 'kafka:9092',
        GATEWAY_URL: 'https://gateway',
        CONNECT_URL: 'https://connect',
        SCHEMA_REGISTRY_URL: 'https://registry',
        OIDC_ISSUER: 'https://id.example',
      },
      auditor.contradictions,
    );
    expect(result.ok ? [] : result.problems).toEqual([
      expect.stringContaining('in ORDER_DATABASE_URL'),
      expect.stringContaining('in INVENTORY_DATABASE_URL'),
    ]);
  });
  it('the dashboard refuses its demo users', () => {
    const env = { ...production, OIDC_ISSUER: 'https://id.example', IDENTITY_KEYS_FILE: '/keys.json' };
    const result = parseConfig(dashboard.shape, env, dashboard.contradictions);
    expect(result.ok ? [] : result.problems).toEqual([expect.stringContaining('BUILT_IN_IDENTITY=off')]);
    const withExternalIdentity = { ...env, BUILT_IN_IDENTITY: 'off' };
    expect(parseConfig(dashboard.shape, withExternalIdentity, dashboard.contradictions).ok).toBe(true);
  });
});

describe('the processes without a database', () => {
  it('also check the certificate and the key of their HTTP server', () => {
    const withoutKey = { TLS_CERT_FILE: files.cert };
    expect(parseConfig(gateway.shape, { LEDGER_FILE: '/l', ...withoutKey }, gateway.contradictions).ok).toBe(
      false,
    );
    const identity = { OIDC_ISSUER: 'https://id.example', BUILT_IN_IDENTITY: 'off' };
    expect(parseConfig(dashboard.shape, { ...identity, ...withoutKey }, dashboard.contradictions).ok).toBe(
      false,
    );
    expect(parseConfig(dashboard.shape, identity, dashboard.contradictions).ok).toBe(true);
  });
});
