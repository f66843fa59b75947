import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { configurationExitCode, parseConfig, settings, wholeNumberSetting } from './config.ts';
import { telemetrySettings } from './telemetry-settings.ts';

const shape = {
  host: settings.host,
  port: settings.port(3001),
  logLevel: settings.logLevel,
  databaseUrl: settings.databaseUrl,
  kafkaBrokers: settings.kafkaBrokers,
  schemaRegistryUrl: settings.schemaRegistryUrl,
  oidcIssuer: settings.oidcIssuer,
  oidcAudience: settings.oidcAudience,
  publicUrl: settings.publicUrl,
};

const complete = {
  DATABASE_URL: 'postgres://me:hush@127.0.0.1:5441/things',
  KAFKA_BROKERS: '127.0.0.1:9092, kafka-2:9092',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:8081/apis/ccompat/v7',
  OIDC_ISSUER: 'http://127.0.0.1:3000',
};

const problemsOf = (env: Record<string, string | undefined>) => {
  const result = parseConfig(shape, env);
  return result.ok ? [] : result.problems;
};

describe('settings', () => {
  it('are typed values, with defaults for variables that are not set', () => {
    expect(parseConfig(shape, complete)).toEqual({
      ok: true,
      config: {
        host: '127.0.0.1',
        port: 3001,
        logLevel: 'info',
        databaseUrl: complete.DATABASE_URL,
        kafkaBrokers: ['127.0.0.1:9092', 'kafka-2:9092'],
        schemaRegistryUrl: complete.SCHEMA_REGISTRY_URL,
        oidcIssuer: complete.OIDC_ISSUER,
        oidcAudience: 'orderflow',
        publicUrl: undefined,
      },
    });
  });

  it('report all missing variables together', () => {
    expect(problemsOf({ DATABASE_URL: '  ' })).toEqual([
      'DATABASE_URL is not set; expected postgres://user:password@host:port/database.',
      'KAFKA_BROKERS is not set; expected a comma-separated list of host:port.',
      'SCHEMA_REGISTRY_URL is not set; expected the http or https address of a Confluent-compatible schema registry.',
      'OIDC_ISSUER is not set; expected the http or https address of the OIDC issuer.',
    ]);
  });

  it.each([
    ['PORT', '70000'],
    ['PORT', '3001abc'],
    ['PORT', '-1'],
    ['PORT', '1e3'],
    ['PORT', '0x10'],
    ['LOG_LEVEL', 'loud'],
    ['KAFKA_BROKERS', 'kafka'],
    ['KAFKA_BROKERS', 'kafka:9092,,other:9092'],
    ['SCHEMA_REGISTRY_URL', 'ftp://registry'],
    ['OIDC_ISSUER', 'issuer'],
    ['PUBLIC_URL', 'http://shop.example/'],
    ['PUBLIC_URL', 'http://shop.example/orders?x=1'],
  ])('refuse %s=%s and show the value', (name, value) => {
    const [problem, ...others] = problemsOf({ ...complete, [name]: value });
    expect(others).toEqual([]);
    expect(problem).toContain(`${name} is ${JSON.stringify(value)}; expected `);
  });

  it.each(['mysql://me:hush@db/things', 'postgres://me:50%off@db/things'])(
    'never show a secret: DATABASE_URL=%s',
    (url) => {
      expect(problemsOf({ ...complete, DATABASE_URL: url })).toEqual([
        'DATABASE_URL is malformed; expected postgres://user:password@host:port/database.',
      ]);
    },
  );

  it.each(['a=%zz', 'a', 'a=1,'])('refuse the malformed OTEL_EXPORTER_OTLP_HEADERS=%s', (headers) => {
    expect(parseConfig(telemetrySettings, { OTEL_EXPORTER_OTLP_HEADERS: headers })).toEqual({
      ok: false,
      problems: [
        'OTEL_EXPORTER_OTLP_HEADERS is malformed; expected a comma-separated list of name=value, with percent-encoded values.',
      ],
    });
  });

  it('accept whole numbers only within their bounds', () => {
    const ttl = {
      ttl: wholeNumberSetting('TTL_SECONDS', {
        minimum: 1,
        maximum: 60,
        byDefault: 30,
        description: 'A TTL.',
      }),
    };
    expect(parseConfig(ttl, {})).toEqual({ ok: true, config: { ttl: 30 } });
    expect(parseConfig(ttl, { TTL_SECONDS: '60' })).toEqual({ ok: true, config: { ttl: 60 } });
    expect(parseConfig(ttl, { TTL_SECONDS: '61' }).ok).toBe(false);
    expect(parseConfig(ttl, { TTL_SECONDS: '0' }).ok).toBe(false);
  });

  it('that are invalid prevent the start: exit code 78, and one sentence per problem on stderr', async () => {
    const module = new URL('config.ts', import.meta.url).href;
    const script = `import { readConfig, settings } from ${JSON.stringify(module)};
      readConfig({ port: settings.port(1), oidcIssuer: settings.oidcIssuer }, { PORT: 'x' });
      process.stdout.write('started');`;
    const { code, stdout, stderr } = await new Promise<{ code: unknown; stdout: string; stderr: string }>(
      (resolve) => {
        execFile(process.execPath, ['--input-type=module', '-e', script], (error, out, err) =>
          resolve({ code: error?.code, stdout: out, stderr: err }),
        );
      },
    );
    expect(code).toBe(configurationExitCode);
    expect(stdout).toBe('');
    expect(stderr).toBe(
      'Cannot start:\n' +
        '  PORT is "x"; expected a whole number from 0 to 65535 (0 picks a free port).\n' +
        '  OIDC_ISSUER is not set; expected the http or https address of the OIDC issuer.\n',
    );
  });
});
