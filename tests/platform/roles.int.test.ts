// Least privilege on the running databases: a service can append to the outbox and the audit log, but not change or delete rows.
import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { describe, expect, it } from 'vitest';
import { serviceNames, services } from '../../scripts/stack/topology.ts';
import { stack } from '../stack/worker-stack.ts';

const { databases } = stack;
const runAs = async (url: string, statement: string): Promise<unknown> => {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    return await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
};
const denied = expect.objectContaining({ code: '42501' });

describe.each(serviceNames)('the %s database', (service) => {
  const { service: serviceUrl, cdc, auditor, admin } = databases[service];

  it.each([
    'update outbox set event_type = event_type',
    'delete from outbox',
    'truncate outbox',
    'update audit_log set outcome = outcome',
    'delete from audit_log',
    'truncate audit_log',
    'update audit_seals set hash = hash',
    'delete from audit_seals',
    'truncate audit_seals',
    'create table intruder (id int)',
    'alter table outbox add column intruder int',
    'drop table processed_events',
  ])('refuses this statement of its service: %s', async (statement) => {
    await expect(runAs(serviceUrl, statement)).rejects.toEqual(denied);
  });

  it('lets Debezium read the outbox, but not the inbox or the audit log, and delete nothing', async () => {
    await expect(runAs(cdc, 'select count(*) from outbox')).resolves.toBeDefined();
    await expect(runAs(cdc, 'select * from processed_events')).rejects.toEqual(denied);
    await expect(runAs(cdc, 'select * from audit_log')).rejects.toEqual(denied);
    await expect(runAs(cdc, 'delete from outbox')).rejects.toEqual(denied);
  });

  it('lets the auditor read the inbox and the audit log, but not add, change or delete a row', async () => {
    await expect(runAs(auditor, 'select count(*) from processed_events')).resolves.toBeDefined();
    await expect(
      runAs(auditor, 'select count(*) from audit_log join audit_seals on entry_id = id'),
    ).resolves.toBeDefined();
    await expect(runAs(auditor, 'delete from outbox')).rejects.toEqual(denied);
    await expect(runAs(auditor, 'update processed_events set outcome = outcome')).rejects.toEqual(denied);
    await expect(runAs(auditor, "insert into audit_seals select 1, 1, '', ''")).rejects.toEqual(denied);
    await expect(runAs(auditor, 'delete from audit_log')).rejects.toEqual(denied);
    await expect(runAs(auditor, 'create table intruder (id int)')).rejects.toEqual(denied);
  });

  it('lets only the auditor send a canary', async () => {
    const canary = randomUUID();
    await expect(runAs(auditor, `select emit_canary('${canary}')`)).resolves.toBeDefined();
    // The canary is in the WAL, but its row is deleted in the same transaction.
    expect(await runAs(admin, `select 1 from outbox where id = '${canary}'`)).toHaveLength(0);
    await expect(runAs(serviceUrl, `select emit_canary('${canary}')`)).rejects.toEqual(denied);
    await expect(runAs(cdc, `select emit_canary('${canary}')`)).rejects.toEqual(denied);
    await expect(runAs(auditor, 'insert into outbox select * from outbox')).rejects.toEqual(denied);
  });

  it('publishes only inserts of the outbox, through a slot with the failover option', async () => {
    const { publication, slot } = services[service].database;
    expect(
      await runAs(
        admin,
        `select pubinsert, pubupdate, pubdelete, pubtruncate, puballtables,
           (select array_agg(tablename::text) from pg_publication_tables where pubname = '${publication}') as tables
         from pg_publication where pubname = '${publication}'`,
      ),
    ).toMatchObject([
      {
        pubinsert: true,
        pubupdate: false,
        pubdelete: false,
        pubtruncate: false,
        puballtables: false,
        tables: ['outbox'],
      },
    ]);
    expect(
      await runAs(
        admin,
        `select active, failover, plugin, wal_status from pg_replication_slots where slot_name = '${slot}'`,
      ),
    ).toMatchObject([{ active: true, failover: true, plugin: 'pgoutput', wal_status: 'reserved' }]);
  });
});
