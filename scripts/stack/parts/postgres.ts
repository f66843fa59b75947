// One PostgreSQL server per service, with logical decoding. The WAL that a replication slot retains is limited, otherwise a
// stopped connector would fill the disk.
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import postgres from 'postgres';
import { failure } from '../../../schemas/tools/failure.ts';
import { sessionSettings } from '../../../services/platform/database/database.ts';
import { superuser } from '../topology.ts';
import type { Part, PartDescription } from '../supervise/part.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import type { PostgresBinaries, Identity } from './postgres-binaries.ts';

/** The settings that the embedded server and the container share. */
export const serverSettings: Readonly<Record<string, string>> = {
  wal_level: 'logical',
  max_replication_slots: '4',
  max_wal_senders: '4',
  // PostgreSQL invalidates a slot that would retain more WAL than this.
  max_slot_wal_keep_size: '1GB',
  max_wal_size: '256MB',
  min_wal_size: '64MB',
  track_commit_timestamp: 'on',
  shared_buffers: '32MB',
  max_connections: '60',
  max_worker_processes: '2',
  max_parallel_workers: '0',
  autovacuum_max_workers: '1',
  // The default, `worker`, starts three more processes per server.
  io_method: 'sync',
  fsync: 'on',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  log_line_prefix: '%m [%p] %q%u@%d ',
  log_min_messages: 'warning',
  // Leaves out error details: they quote whole rows, and orders and payments contain tokens of the payment provider.
  log_error_verbosity: 'terse',
  log_lock_waits: 'on',
};

const changeOwner = (path: string, owner: { uid: number; gid: number }): void => {
  chownSync(path, owner.uid, owner.gid);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) changeOwner(child, owner);
    else if (!entry.isSymbolicLink()) chownSync(child, owner.uid, owner.gid);
  }
};

/**
 * Removes the `postmaster.pid` of a server that has ended. PostgreSQL removes the file itself, unless the pid now belongs to
 * another process of the same user: after a reboot, one of the three servers often has the old pid of another. Does nothing on
 * other systems than Linux.
 */
const removeStalePidFile = (cluster: string): void => {
  const file = join(cluster, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (process.platform !== 'linux') return;
  try {
    // The process with this pid is the server only if it runs in this cluster.
    if (readlinkSync(`/proc/${String(pid)}/cwd`) === cluster) return;
  } catch {
    // There is no such process.
  }
  rmSync(file, { force: true });
};

interface PostgresOptions {
  readonly name: string;
  readonly label: string;
  readonly port: number;
  readonly dataDir: string;
  readonly adminPassword: string;
  readonly binaries: PostgresBinaries;
  readonly identity: Identity;
  readonly supervisor: Supervisor;
}

const environment = (): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  LC_ALL: 'C',
  TZ: 'UTC',
});

const initialise = async (options: PostgresOptions, cluster: string): Promise<void> => {
  const { supervisor, name, identity } = options;
  // The folder is renamed when it is complete, so that a killed boot leaves no incomplete cluster.
  const draft = `${cluster}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  const secret = join(options.dataDir, 'admin-password');
  writeFileSync(secret, `${options.adminPassword}\n`, { mode: 0o600 });
  if (identity.owner !== undefined) {
    chownSync(draft, identity.owner.uid, identity.owner.gid);
    chownSync(secret, identity.owner.uid, identity.owner.gid);
  }
  try {
    const code = await supervisor.run({
      name: `${name}-initdb`,
      withinMs: 60_000,
      env: environment(),
      cwd: options.dataDir,
      ...identity.commandLine(options.binaries.initdb, [
        ...['-D', draft, '-U', superuser, `--pwfile=${secret}`, '--auth=scram-sha-256', '--encoding=UTF8'],
        ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'],
        ...['--wal-segsize=16', '-c', 'shared_buffers=32MB', '-c', 'max_connections=60'],
      ]),
    });
    if (code !== 0)
      throw failure(
        `${options.label} could not create its data folder`,
        supervisor.logFile(`${name}-initdb`),
      );
  } finally {
    rmSync(secret, { force: true });
  }
  renameSync(draft, cluster);
};

const listening = { listen_addresses: '127.0.0.1', unix_socket_directories: '' };
const settingsFile = 'orderflow.conf';

/** The settings are in a file, because ALTER SYSTEM cannot override settings on the command line. */
const writeSettings = (cluster: string, port: number, owner: Identity['owner']): void => {
  const file = join(cluster, settingsFile);
  const lines = Object.entries({ ...serverSettings, ...listening, port: String(port) }).map(
    ([key, value]) => `${key} = '${value}'`,
  );
  rmSync(file, { force: true });
  writeFileSync(file, `# Written at every start; ALTER SYSTEM overrides it.\n${lines.join('\n')}\n`);
  if (owner !== undefined) chownSync(file, owner.uid, owner.gid);
  const main = join(cluster, 'postgresql.conf');
  const include = `include = '${settingsFile}'\n`;
  if (!readFileSync(main, 'utf8').includes(include)) appendFileSync(main, include);
};

/** The part without its command: the same for the embedded server and the container. */
export const describePostgres = (name: string, label: string, port: number): PartDescription => ({
  name,
  label,
  ports: [port],
  stage: 1,
  // SIGINT is a fast shutdown: it rolls back open transactions, sends the WAL to the connector and writes a checkpoint.
  stopSignal: 'SIGINT',
  graceMs: 20_000,
  readyWithinMs: 60_000,
  ready: () => acceptsLogins(port),
});

/** Creates the database cluster if there is none. `dataDir` is the folder of this server. */
export const postgresPart = async (options: PostgresOptions): Promise<Part> => {
  const { port, identity, binaries } = options;
  mkdirSync(options.dataDir, { recursive: true });
  if (identity.owner !== undefined) chownSync(options.dataDir, identity.owner.uid, identity.owner.gid);
  const cluster = join(options.dataDir, 'cluster');
  if (!existsSync(cluster)) await initialise(options, cluster);
  else if (identity.owner !== undefined && statSync(cluster).uid !== identity.owner.uid)
    changeOwner(cluster, identity.owner);
  return {
    ...describePostgres(options.name, options.label, port),
    command: () => {
      removeStalePidFile(cluster);
      writeSettings(cluster, port, identity.owner);
      return {
        ...identity.commandLine(binaries.postgres, ['-D', cluster]),
        env: environment(),
        cwd: options.dataDir,
      };
    },
  };
};

/**
 * Whether the server asks for a password; during recovery, the server answers with an error instead. Sends the startup message
 * over a plain socket, because the client library handles starting and stopping servers badly.
 */
const acceptsLogins = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectSocket({ host: '127.0.0.1', port });
    const answer = (accepts: boolean): void => {
      socket.destroy();
      resolve(accepts);
    };
    socket.setTimeout(2_000, () => {
      answer(false);
    });
    socket.once('error', () => {
      answer(false);
    });
    socket.once('close', () => {
      answer(false);
    });
    socket.once('connect', () => {
      // StartupMessage: the length, protocol version 3.0, then the parameters as zero-terminated strings.
      const parameters = Buffer.from(`user\0${superuser}\0database\0postgres\0\0`);
      const header = Buffer.alloc(8);
      header.writeInt32BE(header.length + parameters.length, 0);
      header.writeInt32BE(196_608, 4);
      socket.write(Buffer.concat([header, parameters]));
    });
    socket.once('data', (reply) => {
      // `R` is an authentication request.
      answer(reply[0] === 0x52);
    });
  });

interface Login {
  readonly host?: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/** Opens a single connection, for provisioning and checks. */
export const connectAs = (login: Login): postgres.Sql =>
  postgres({
    host: '127.0.0.1',
    ...login,
    max: 1,
    connect_timeout: 5,
    idle_timeout: 5,
    onnotice: () => undefined,
    connection: sessionSettings,
  });
