// A PostgreSQL and a Kafka that require TLS, for tests, started as the stack starts its own. The stack itself listens on loopback
// only and uses no TLS.
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
  /** Issued the server certificates, and is trusted for client certificates. */
  readonly authority: TestAuthority;
  readonly password: string;
  readonly postgres: {
    readonly port: number;
    /** Signs in with the password. */
    readonly byPassword: string;
    /** Signs in only with a client certificate of this common name. */
    readonly byCertificate: string;
  };
  readonly kafka: {
    /** Without TLS, for the preparation of a test. */
    readonly plain: number;
    /** SASL_SSL, with PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
    readonly sasl: number;
    /** SSL, with a client certificate. */
    readonly certificate: number;
    readonly user: string;
  };
  readonly stop: () => Promise<void>;
}

interface Given {
  readonly authority: TestAuthority;
  readonly password: string;
  readonly folder: string;
  readonly supervisor: Supervisor;
}

const users = { byPassword: 'by_password', byCertificate: 'by_certificate' } as const;

/** Its certificate is for 127.0.0.1 only. */
const startPostgres = async (
  { authority, password, folder, supervisor }: Given,
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
hostssl all ${users.byPassword} 127.0.0.1/32 scram-sha-256
hostssl all ${users.byCertificate} 127.0.0.1/32 cert
`,
  );
  appendFileSync(join(cluster, 'postgresql.conf'), "\nssl = on\nssl_ca_file = 'clients.crt'\n");
  await supervisor.start(part);
  const admin = connectAs({ port, database: 'postgres', user: superuser, password });
  await admin.unsafe(`CREATE ROLE ${users.byPassword} LOGIN PASSWORD '${password}'`);
  await admin.unsafe(`CREATE ROLE ${users.byCertificate} LOGIN`);
  await admin.end();
};

const kafkaUser = 'order';

const startKafka = async (
  { authority, password, folder, supervisor }: Given,
  ports: {
    readonly plain: number;
    readonly controller: number;
    readonly sasl: number;
    readonly certificate: number;
  },
): Promise<void> => {
  const dataDir = join(folder, 'secure-kafka');
  mkdirSync(dataDir, { recursive: true });
  const { cert, key } = authority.issue('kafka', ['localhost', '127.0.0.1']);
  const [keystore, truststore] = [join(dataDir, 'server.pem'), join(dataDir, 'clients.pem')];
  writeFileSync(keystore, `${key}${cert}${authority.cert}`, { mode: 0o600 });
  writeFileSync(truststore, authority.cert);
  const module = (name: string, rest: string) => `org.apache.kafka.common.security.${name} required${rest};`;
  const listeners = `PLAINTEXT://127.0.0.1:${ports.plain},SASL_SSL://127.0.0.1:${ports.sasl},SSL://127.0.0.1:${ports.certificate}`;
  const options = {
    ...{ jdk: findJdk(), artefacts: artefactsFolder(), dataDir },
    ...{ port: ports.plain, controllerPort: ports.controller },
    properties: {
      listeners: `${listeners},CONTROLLER://127.0.0.1:${ports.controller}`,
      'advertised.listeners': listeners,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': keystore,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': truststore,
      'listener.name.ssl.ssl.client.auth': 'required',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      'listener.name.sasl_ssl.plain.sasl.jaas.config': module(
        'plain.PlainLoginModule',
        ` user_${kafkaUser}="${password}"`,
      ),
      'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': module('scram.ScramLoginModule', ''),
      'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': module('scram.ScramLoginModule', ''),
    },
    formatWith: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${kafkaUser},password=${password}]`,
    ]),
  };
  await prepareKafka(options, supervisor);
  await supervisor.start(kafkaPart(options));
};

/** Starts both on free ports and in a temporary folder. The Java artefacts must have been fetched. */
export async function startSecureParts(): Promise<SecureParts> {
  const folder = mkdtempSync(join(tmpdir(), 'orderflow-secure-'));
  // As for the stack: the user `nobody` must be able to enter the folder.
  chmodSync(folder, 0o755);
  const supervisor = await createSupervisor(folder, () => undefined);
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const free = await freePorts();
  const authority = createTestAuthority('authority of the parts');
  const password = randomBytes(12).toString('hex');
  const given: Given = { authority, password, folder, supervisor };
  const kafka = { plain: free.kafka, sasl: free.connect, certificate: free.registry };
  try {
    await Promise.all([
      startPostgres(given, free.orderDb),
      startKafka(given, { ...kafka, controller: free.kafkaController }),
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
