// A PostgreSQL and a Kafka with TLS, for tests. The code of the stack starts them. The stack itself listens on loopback only and
// uses no TLS.
import { randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { artefactsFolder } from '../../scripts/stack/parts/artefacts.ts';
import { findJdk } from '../../scripts/stack/parts/java.ts';
import { kafkaPart, prepareKafka } from '../../scripts/stack/parts/kafka.ts';
import { freePorts } from '../../scripts/stack/ports.ts';
import { connectAs, postgresPart } from '../../scripts/stack/parts/postgres.ts';
import { findPostgres, postgresIdentity } from '../../scripts/stack/parts/postgres-binaries.ts';
import { createSupervisor, type Supervisor } from '../../scripts/stack/supervise/supervisor.ts';
import { createTestAuthority, type TestAuthority } from '../support/test-certificates.ts';
import { superuser } from '../../scripts/stack/topology.ts';

export interface SecureParts {
  /** The certificate authority that issued the server certificates. Both servers trust the client certificates that it issues. */
  readonly authority: TestAuthority;
  readonly password: string;
  readonly postgres: {
    readonly port: number;
    /** A role that authenticates with the password. */
    readonly passwordUser: string;
    /** A role that authenticates only with a client certificate whose common name is the name of the role. */
    readonly certificateUser: string;
  };
  readonly kafka: {
    /** Port of the listener without TLS, for the preparation of a test. */
    readonly plaintextPort: number;
    /** Port of the SASL_SSL listener, with PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
    readonly saslPort: number;
    /** Port of the SSL listener, which requires a client certificate. */
    readonly mutualTlsPort: number;
    readonly user: string;
  };
  readonly stop: () => Promise<void>;
}

interface Fixture {
  readonly authority: TestAuthority;
  readonly password: string;
  readonly folder: string;
  readonly supervisor: Supervisor;
}

const users = { passwordUser: 'by_password', certificateUser: 'by_certificate' } as const;

/** Starts PostgreSQL. The server certificate is valid only for 127.0.0.1, not for the name localhost. */
const startPostgres = async (
  { authority, password, folder, supervisor }: Fixture,
  port: number,
): Promise<void> => {
  const binaries = findPostgres();
  const identity = postgresIdentity(binaries, folder);
  const dataDir = join(folder, 'secure-db');
  const part = await postgresPart({
    ...{ name: 'secure-db', label: 'PostgreSQL with TLS', port, dataDir },
    ...{ adminPassword: password, binaries, identity, supervisor },
  });
  const cluster = join(dataDir, 'cluster');
  const write = (name: string, text: string): void => {
    writeFileSync(join(cluster, name), text, { mode: 0o600 });
    if (identity.owner) chownSync(join(cluster, name), identity.owner.uid, identity.owner.gid);
  };
  const { cert, key } = authority.issue('postgres', ['127.0.0.1']);
  write('server.crt', cert);
  write('server.key', key);
  write('clients.crt', authority.cert);
  write(
    'pg_hba.conf',
    `host    all ${superuser} 127.0.0.1/32 scram-sha-256
hostssl all ${users.passwordUser} 127.0.0.1/32 scram-sha-256
hostssl all ${users.certificateUser} 127.0.0.1/32 cert
`,
  );
  appendFileSync(join(cluster, 'postgresql.conf'), "\nssl = on\nssl_ca_file = 'clients.crt'\n");
  await supervisor.start(part);
  const admin = connectAs({ port, database: 'postgres', user: superuser, password });
  await admin.unsafe(`CREATE ROLE ${users.passwordUser} LOGIN PASSWORD '${password}'`);
  await admin.unsafe(`CREATE ROLE ${users.certificateUser} LOGIN`);
  await admin.end();
};

const kafkaUser = 'order';

const startKafka = async (
  { authority, password, folder, supervisor }: Fixture,
  ports: {
    readonly plaintextPort: number;
    readonly controllerPort: number;
    readonly saslPort: number;
    readonly mutualTlsPort: number;
  },
): Promise<void> => {
  const dataDir = join(folder, 'secure-kafka');
  mkdirSync(dataDir, { recursive: true });
  const { cert, key } = authority.issue('kafka', ['localhost', '127.0.0.1']);
  const [keystore, truststore] = [join(dataDir, 'server.pem'), join(dataDir, 'clients.pem')];
  writeFileSync(keystore, `${key}${cert}${authority.cert}`, { mode: 0o600 });
  writeFileSync(truststore, authority.cert);
  const jaasConfig = (loginModule: string, options: string) =>
    `org.apache.kafka.common.security.${loginModule} required${options};`;
  const listeners = `PLAINTEXT://127.0.0.1:${ports.plaintextPort},SASL_SSL://127.0.0.1:${ports.saslPort},SSL://127.0.0.1:${ports.mutualTlsPort}`;
  const options = {
    ...{ jdk: findJdk(), artefacts: artefactsFolder(), dataDir },
    ...{ port: ports.plaintextPort, controllerPort: ports.controllerPort },
    properties: {
      listeners: `${listeners},CONTROLLER://127.0.0.1:${ports.controllerPort}`,
      'advertised.listeners': listeners,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': keystore,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': truststore,
      'listener.name.ssl.ssl.client.auth': 'required',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      'listener.name.sasl_ssl.plain.sasl.jaas.config': jaasConfig(
        'plain.PlainLoginModule',
        ` user_${kafkaUser}="${password}"`,
      ),
      'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': jaasConfig('scram.ScramLoginModule', ''),
      'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': jaasConfig('scram.ScramLoginModule', ''),
    },
    formatWith: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${kafkaUser},password=${password}]`,
    ]),
  };
  await prepareKafka(options, supervisor);
  await supervisor.start(kafkaPart(options));
};

/** Starts both servers on free ports and in a temporary folder. The Java artefacts must have been downloaded before. */
export async function startSecureParts(): Promise<SecureParts> {
  const folder = mkdtempSync(join(tmpdir(), 'orderflow-secure-'));
  // If the tests run as root, PostgreSQL can run as the user `nobody`, who must be able to enter the folder.
  chmodSync(folder, 0o755);
  const supervisor = await createSupervisor(folder, () => undefined);
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const free = await freePorts();
  const authority = createTestAuthority('test authority');
  const password = randomBytes(12).toString('hex');
  const fixture: Fixture = { authority, password, folder, supervisor };
  const kafka = { plaintextPort: free.kafka, saslPort: free.connect, mutualTlsPort: free.registry };
  try {
    await Promise.all([
      startPostgres(fixture, free.orderDb),
      startKafka(fixture, { ...kafka, controllerPort: free.kafkaController }),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    authority,
    password,
    postgres: { port: free.orderDb, ...users },
    kafka: { ...kafka, user: kafkaUser },
    stop,
  };
}
