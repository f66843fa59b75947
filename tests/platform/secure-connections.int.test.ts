// TLS settings from environment variables, against a real PostgreSQL and a real Kafka that require TLS. With correct settings the
// clients connect. With each wrong setting the connection fails.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { Kafka, logLevel } from 'kafkajs';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { withDatabase } from '../../scripts/connectors/slot-position.ts';
import { until } from '../../scripts/stack/supervise/deadline.ts';
import { stackOf } from '../../scripts/operator/environment.ts';
import { kafkaClient } from '../../scripts/stack/parts/kafka.ts';
import { freePorts } from '../../scripts/stack/ports.ts';
import { startSecureParts, type SecureParts } from '../stack/secure-parts.ts';
import { createTestAuthority } from '../support/test-certificates.ts';
import { createTestDatabase } from '../stack/test-database.ts';
import { describeOwnParts, stack } from '../stack/worker-stack.ts';
import * as order from '../../services/order/settings.ts';
import { parseConfig } from '../../services/platform/process/settings/config.ts';
import { connectDatabase } from '../../services/platform/database/database.ts';
import { databaseTrust } from '../../services/platform/process/security/database-security.ts';
import { kafkaSecurity } from '../../services/platform/process/security/kafka-security.ts';
import { kafkaJsEventStream } from '../../services/platform/messaging/kafkajs-event-stream.ts';
import { createLogger } from '../../services/platform/process/logger.ts';

type Env = Readonly<Record<string, string>>;

const logger = createLogger({ service: 'test', level: 'error' });
const folder = mkdtempSync(join(tmpdir(), 'orderflow-clients-'));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const untrustedAuthority = createTestAuthority('another authority');
let parts: SecureParts;
/** The paths of the PEM files. */
let ca = '';
let untrustedCa = '';
let certificate: { readonly cert: string; readonly key: string };
let untrustedCertificate: { readonly cert: string; readonly key: string };

const writeCertificate = (name: string, { cert, key }: { cert: string; key: string }) => ({
  cert: file(`${name}.pem`, cert),
  key: file(`${name}.key`, key),
});

beforeAll(async () => {
  parts = await startSecureParts();
  ca = file('ca.pem', parts.authority.cert);
  untrustedCa = file('untrusted-ca.pem', untrustedAuthority.cert);
  certificate = writeCertificate('client', parts.authority.issue(parts.postgres.certificateUser));
  untrustedCertificate = writeCertificate(
    'untrusted',
    untrustedAuthority.issue(parts.postgres.certificateUser),
  );
}, 120_000);
afterAll(async () => {
  await parts.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The settings of a service, read from environment variables as the service would read them. */
const configOf = (env: Env) => {
  const requiredSettings = {
    DATABASE_URL: 'postgres://me:hush@127.0.0.1/things',
    KAFKA_BROKERS: '127.0.0.1:9092',
    SCHEMA_REGISTRY_URL: 'https://registry.example',
    OIDC_ISSUER: 'https://id.example',
  };
  const result = parseConfig(order.shape, { ...requiredSettings, ...env }, order.contradictions);
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result.config;
};

describeOwnParts('PostgreSQL', () => {
  const urlOf = (user: string, password = '', host = '127.0.0.1') =>
    `postgres://${user}:${password}@${host}:${parts.postgres.port}/postgres`;
  const passwordUrl = (host?: string) => urlOf(parts.postgres.passwordUser, parts.password, host);

  /**
   * Resolves to the TLS version that the server reports for the connection; null without TLS. When it rejects, the `cause` is the
   * error of the driver.
   */
  const connect = async (env: Env): Promise<string | null> => {
    const config = configOf(env);
    const tls = databaseTrust(config, config.databaseUrl);
    const connection = connectDatabase(config.databaseUrl, 'test', { poolSize: 1, tls });
    try {
      const [row] = await connection.db.execute<{ version: string | null }>(
        sql`select version from pg_stat_ssl where pid = pg_backend_pid()`,
      );
      return row?.version ?? null;
    } finally {
      await connection.close(1);
    }
  };
  const connectionError = (env: Env): Promise<unknown> =>
    connect(env).then(
      () => 'connected',
      (error: unknown) => (error instanceof Error ? (error.cause ?? error) : error),
    );

  it.each(['require', 'verify-ca', 'verify-full'])('accepts clients with %s', async (mode) => {
    const caSetting: Env = mode === 'require' ? {} : { DATABASE_CA_FILE: ca };
    const env = { DATABASE_URL: passwordUrl(), DATABASE_SSLMODE: mode, ...caSetting };
    expect(await connect(env)).toMatch(/^TLSv1\.[23]$/);
  });

  it('accepts a client certificate instead of the password', async () => {
    const env = {
      DATABASE_URL: urlOf(parts.postgres.certificateUser),
      DATABASE_SSLMODE: 'verify-full',
      DATABASE_CA_FILE: ca,
    };
    const { cert, key } = certificate;
    expect(await connect({ ...env, DATABASE_CERT_FILE: cert, DATABASE_KEY_FILE: key })).toMatch(/^TLS/);
    expect(await connectionError(env)).toMatchObject({
      message: expect.stringContaining('connection requires a valid client certificate'),
    });
    const untrustedEnv = {
      ...env,
      DATABASE_CERT_FILE: untrustedCertificate.cert,
      DATABASE_KEY_FILE: untrustedCertificate.key,
    };
    expect(await connectionError(untrustedEnv)).toMatchObject({
      message: expect.stringMatching(/unknown ca|CONNECTION_CLOSED|ECONNRESET/i),
    });
  });

  it('refuses connections without TLS', async () => {
    expect(await connectionError({ DATABASE_URL: passwordUrl() })).toMatchObject({
      message: expect.stringContaining('no encryption'),
    });
  });

  it.each(['require', 'verify-full'])(
    'is refused by clients with %s if it does not use TLS',
    async (mode) => {
      const env = { DATABASE_URL: stack.databases.order.service, DATABASE_SSLMODE: mode };
      expect(await connectionError(env)).toBeInstanceOf(Error);
    },
  );

  it.each(['verify-ca', 'verify-full'])(
    'is rejected by clients with %s if its certificate is from an untrusted authority',
    async (mode) => {
      const env = { DATABASE_URL: passwordUrl(), DATABASE_SSLMODE: mode, DATABASE_CA_FILE: untrustedCa };
      expect(await connectionError(env)).toMatchObject({ message: expect.stringMatching(/certificate/) });
    },
  );

  it('is rejected by clients with verify-full if the host name is not in its certificate', async () => {
    const env = { DATABASE_URL: passwordUrl('localhost'), DATABASE_CA_FILE: ca };
    expect(await connectionError({ ...env, DATABASE_SSLMODE: 'verify-full' })).toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    expect(await connect({ ...env, DATABASE_SSLMODE: 'verify-ca' })).toMatch(/^TLS/);
  });

  it('refuses the wrong password', async () => {
    const env = { DATABASE_URL: urlOf(parts.postgres.passwordUser, 'guess'), DATABASE_SSLMODE: 'require' };
    expect(await connectionError(env)).toMatchObject({
      message: expect.stringContaining('password authentication failed'),
    });
  });
});

describeOwnParts('Kafka', () => {
  const streamOf = (port: number, env: Env) => {
    const config = configOf({ ...env, KAFKA_BROKERS: `127.0.0.1:${port}` });
    const security = kafkaSecurity(config);
    return kafkaJsEventStream(
      { brokers: config.kafkaBrokers, clientId: 'test', concurrency: 1, security },
      logger,
    );
  };
  const sasl = (mechanism: string, password = parts.password): Env => ({
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_CA_FILE: ca,
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: parts.kafka.user,
    KAFKA_SASL_PASSWORD: password,
  });
  const mutualTls = ({ cert, key } = certificate): Env => ({
    KAFKA_SECURITY_PROTOCOL: 'SSL',
    KAFKA_CA_FILE: ca,
    KAFKA_CERT_FILE: cert,
    KAFKA_KEY_FILE: key,
  });

  const topic = `secured-${randomUUID()}`;
  beforeAll(async () => {
    const brokers = [`127.0.0.1:${parts.kafka.plaintextPort}`];
    const kafka = new Kafka({ clientId: 'test', brokers, logLevel: logLevel.NOTHING });
    const [admin, producer] = [kafka.admin(), kafka.producer()];
    await Promise.all([admin.connect(), producer.connect()]);
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    await producer.send({ topic, messages: [{ key: 'k', value: 'a record' }] });
    await Promise.all([admin.disconnect(), producer.disconnect()]);
  });

  it.each(['SASL_SSL PLAIN', 'SASL_SSL SCRAM-SHA-256', 'SASL_SSL SCRAM-SHA-512', 'SSL'])(
    'accepts %s',
    async (security) => {
      const [protocol, mechanism = ''] = security.split(' ');
      const stream =
        protocol === 'SSL'
          ? streamOf(parts.kafka.mutualTlsPort, mutualTls())
          : streamOf(parts.kafka.saslPort, sasl(mechanism));
      expect(await stream.ends([topic])).toEqual([{ topic, partition: 0, next: 1n }]);
      const read = Promise.withResolvers<string | undefined>();
      const subscription = stream.subscribe({
        groupId: `group-${randomUUID()}`,
        topics: [topic],
        fromBeginning: true,
        onRecord: ({ value }) => {
          read.resolve(value?.toString('utf8'));
          return Promise.resolve(undefined);
        },
      });
      onTestFinished(() => subscription.stop());
      expect(await read.promise).toBe('a record');
    },
  );

  const endsOf = (port: number, env: Env): Promise<string> =>
    streamOf(port, env)
      .ends([topic])
      .then(
        () => 'connected',
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );

  it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])(
    'refuses the wrong password with %s',
    async (mechanism) => {
      expect(await endsOf(parts.kafka.saslPort, sasl(mechanism, 'guess'))).toMatch(/authentication failed/i);
    },
  );

  it('is rejected if its certificate is from an untrusted authority', async () => {
    const untrusted = { KAFKA_CA_FILE: untrustedCa };
    const errors = await Promise.all([
      endsOf(parts.kafka.saslPort, { ...sasl('PLAIN'), ...untrusted }),
      endsOf(parts.kafka.mutualTlsPort, { ...mutualTls(), ...untrusted }),
    ]);
    for (const error of errors) expect(error).toMatch(/unable to (verify|get)|self-signed/);
  });

  it('refuses clients without a certificate from the trusted authority', async () => {
    const withoutCertificate: Env = { KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_CA_FILE: ca };
    const errors = await Promise.all(
      [withoutCertificate, mutualTls(untrustedCertificate)].map((env) =>
        endsOf(parts.kafka.mutualTlsPort, env),
      ),
    );
    for (const error of errors) expect(error).toMatch(/alert|closed|disconnected|ECONNRESET/i);
  });
});

describeOwnParts("the operators' commands", () => {
  const env = (authorities = ca): Env => ({
    ORDER_DATABASE_URL: `postgres://order_auditor:other@127.0.0.1:${parts.postgres.port}/postgres`,
    ORDER_DB_ADMIN_PASSWORD: parts.password,
    DATABASE_SSLMODE: 'verify-full',
    DATABASE_CA_FILE: authorities,
    KAFKA_BROKERS: `127.0.0.1:${parts.kafka.saslPort}`,
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_CA_FILE: authorities,
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: parts.kafka.user,
    KAFKA_SASL_PASSWORD: parts.password,
  });
  const asAdmin = (variables: Env) =>
    withDatabase(
      stackOf(variables),
      'order',
      'admin',
      (db) => db`select version, current_user as who from pg_stat_ssl where pid = pg_backend_pid()`,
    );
  const brokersOf = async (variables: Env): Promise<number> => {
    const { brokers, security } = stackOf(variables).kafka;
    const admin = kafkaClient(brokers.join(), 'test', security).admin();
    await admin.connect();
    const { brokers: clusterBrokers } = await admin.describeCluster();
    await admin.disconnect();
    return clusterBrokers.length;
  };

  it('connect with the environment variables of the services', async () => {
    const [row] = await asAdmin(env());
    expect(row).toEqual({ version: expect.stringMatching(/^TLSv1\.[23]$/), who: 'postgres' });
    expect(await brokersOf(env())).toBe(1);
  });

  it('reject servers with a certificate from an untrusted authority', async () => {
    await expect(asAdmin(env(untrustedCa))).rejects.toThrow(/certificate/);
    await expect(brokersOf(env(untrustedCa))).rejects.toThrow(/unable to (verify|get)|self-signed/);
  });
});

describeOwnParts('a service with TLS for its API, PostgreSQL and Kafka', () => {
  it('becomes ready, and serves only clients with a certificate', async () => {
    const { urls, commands } = stack;
    const adminUrl = `postgres://postgres:${parts.password}@127.0.0.1:${parts.postgres.port}/postgres`;
    const database = await createTestDatabase('order', adminUrl);
    onTestFinished(() => database.drop());
    const admin = postgres(database.url, { max: 1 });
    await admin.unsafe(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${parts.postgres.passwordUser}`);
    await admin.end();
    const brokers = [`127.0.0.1:${parts.kafka.plaintextPort}`];
    const topics = new Kafka({ clientId: 'test', brokers, logLevel: logLevel.NOTHING }).admin();
    await topics.connect();
    await topics.createTopics({
      topics: ['inventory-events', 'payment-events'].map((topic) => ({ topic, numPartitions: 1 })),
    });
    await topics.disconnect();

    const { order: port } = await freePorts();
    const url = new URL(database.url);
    [url.username, url.password] = [parts.postgres.passwordUser, parts.password];
    const serviceCertificate = writeCertificate('service', parts.authority.issue('order', ['127.0.0.1']));
    const { command, args, env, cwd } = commands.order;
    const child = spawn(command, [...args], {
      ...{ cwd, stdio: 'ignore' },
      env: {
        ...env,
        ...{ PORT: String(port), SCHEMA_REGISTRY_URL: urls.registry },
        ...{
          TLS_CERT_FILE: serviceCertificate.cert,
          TLS_KEY_FILE: serviceCertificate.key,
          TLS_CLIENT_CA_FILE: ca,
        },
        ...{ DATABASE_URL: url.href, DATABASE_SSLMODE: 'verify-full', DATABASE_CA_FILE: ca },
        ...{ KAFKA_BROKERS: `127.0.0.1:${parts.kafka.saslPort}`, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' },
        ...{ KAFKA_CA_FILE: ca, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512' },
        ...{ KAFKA_SASL_USERNAME: parts.kafka.user, KAFKA_SASL_PASSWORD: parts.password },
      },
    });
    const ended = once(child, 'exit');
    onTestFinished(async () => {
      child.kill();
      await ended;
    });

    const client = parts.authority.issue('a client');
    const tls = { ca: parts.authority.cert };
    const ready = async () => (await readinessStatus(port, { ...tls, ...client })) === 200;
    await until({ what: 'the secured service', withinMs: 50_000 }, ready);
    expect(await readinessStatus(port, tls)).not.toBe(200);
  });
});

/** The status of the readiness probe; undefined without a response. */
const readinessStatus = (port: number, tls: RequestOptions): Promise<number | undefined> =>
  new Promise((resolve) => {
    const path = '/health/ready';
    request({ host: '127.0.0.1', port, path, agent: false, timeout: 5_000, ...tls }, (response) => {
      resolve(response.resume().statusCode);
    })
      .once('error', () => resolve(undefined))
      .once('timeout', () => resolve(undefined))
      .end();
  });
