// Judges the database of one service as the source of its pipeline: server settings, slot, publication, CDC role, outbox, and
// the login of the connector.
import { judgeSlot } from '../../services/auditor/pipelines/slot-health.ts';
import { services, type ServiceName } from '../stack/topology.ts';
import type { ConnectorLogin, DatabaseFacts } from './facts.ts';
import { type Finding, onlyIf, broken, warning, dayMs } from './finding.ts';

export const judgeDatabase = (service: ServiceName, facts: DatabaseFacts): Finding[] => {
  const { cdc, publication: publicationName, database } = services[service].database;
  const { publication, cdcRole } = facts;
  return [
    ...onlyIf(facts.version < 170_000, () =>
      broken(
        `PostgreSQL ${Math.floor(facts.version / 10_000)} has no slots that survive a failover.`,
        'Use PostgreSQL 17 or newer.',
      ),
    ),
    ...onlyIf(facts.walLevel !== 'logical', () =>
      broken(
        `wal_level is ${facts.walLevel}: Debezium cannot read the WAL.`,
        'Set wal_level = logical and restart the server.',
      ),
    ),
    ...judgeSlot(service, facts.slot).map(({ level, sentence, remedy }) => ({ level, sentence, remedy })),
    ...onlyIf(facts.slotsUsed >= facts.maxSlots, () =>
      warning(
        `All ${facts.maxSlots} replication slots are in use: recovery could not create another one.`,
        'Drop unused slots, or raise max_replication_slots.',
      ),
    ),
    ...onlyIf(facts.sendersUsed >= facts.maxSenders, () =>
      warning(
        `All ${facts.maxSenders} WAL senders are in use: a restarting connector may find none free.`,
        'Raise max_wal_senders.',
      ),
    ),
    ...onlyIf(facts.idleSlotSeconds > 0 && facts.idleSlotSeconds * 1_000 < dayMs, () =>
      warning(
        `The server invalidates a slot that is inactive for ${facts.idleSlotSeconds} s.`,
        'Set idle_replication_slot_timeout to more than the longest outage you allow, or to 0.',
      ),
    ),
    ...(publication === null
      ? [
          broken(
            `There is no publication ${publicationName}: the connector fails at its next start.`,
            `npm run recover -- ${service} creates it.`,
          ),
        ]
      : [
          ...onlyIf(publication.allTables || publication.tables.join() !== 'public.outbox', () =>
            broken(
              `The publication ${publicationName} contains ${publication.allTables ? 'all tables' : publication.tables.join(', ') || 'no table'} instead of public.outbox.`,
              publication.allTables
                ? 'npm start creates it again; elsewhere scripts/provision.ts does.'
                : `ALTER PUBLICATION ${publicationName} SET TABLE public.outbox`,
            ),
          ),
          ...onlyIf(publication.filtered, () =>
            broken(
              `The publication ${publicationName} has a row filter or a column list: rows or columns of the outbox are not published.`,
              `ALTER PUBLICATION ${publicationName} SET TABLE public.outbox`,
            ),
          ),
          ...onlyIf(publication.operations.join() !== 'insert', () =>
            broken(
              `The publication ${publicationName} publishes ${publication.operations.join(', ') || 'nothing'} instead of inserts.`,
              `ALTER PUBLICATION ${publicationName} SET (publish = 'insert')`,
            ),
          ),
        ]),
    ...(cdcRole === null
      ? [broken(`There is no role ${cdc}.`, 'npm start creates it; elsewhere scripts/provision.ts does.')]
      : [
          ...onlyIf(!cdcRole.login || !cdcRole.replication, () =>
            broken(
              `The role ${cdc} may not ${cdcRole.login ? 'replicate' : 'log in'}; only the log of the connector shows this.`,
              `ALTER ROLE ${cdc} LOGIN REPLICATION`,
            ),
          ),
          ...onlyIf(!cdcRole.readsOutbox, () =>
            broken(
              `The role ${cdc} may not read the outbox.`,
              `GRANT SELECT ON public.outbox TO ${cdc} in ${database}`,
            ),
          ),
          ...onlyIf(cdcRole.superuser, () =>
            warning(`The role ${cdc} is a superuser.`, `ALTER ROLE ${cdc} NOSUPERUSER`),
          ),
        ]),
    ...onlyIf(facts.missingColumns.length > 0, () =>
      broken(
        `The outbox has no column ${facts.missingColumns.join(', ')}, which the connector's configuration names.`,
        'Run the migration before you apply the connector, see connectors/runbooks/outbox-column.md.',
      ),
    ),
    ...facts.longTransactions.map(({ pid, who, seconds }) =>
      warning(
        `A transaction of ${who} (pid ${pid}) has been open for ${seconds} s: the slot keeps all WAL since its start, and the creation of a slot waits for it.`,
        `End it: SELECT pg_terminate_backend(${pid})`,
      ),
    ),
  ];
};

export const judgeLogin = (service: ServiceName, { refused, heartbeat }: ConnectorLogin): Finding[] => {
  const { cdc } = services[service].database;
  if (refused !== null)
    return [
      broken(
        `The role ${cdc} cannot log in (${refused}). A running task continues until its next start, and then fails.`,
        'Give the role, the Connect worker and this command the same password, see connectors/runbooks/password-rotation.md.',
      ),
    ];
  return onlyIf(heartbeat !== null, () =>
    broken(
      `The heartbeat of the connector fails (${heartbeat ?? ''}). Debezium only logs this; the task stays RUNNING while the slot retains WAL until the slot is lost.`,
      `Grant ${cdc} the privileges that heartbeat.action.query needs, such as EXECUTE on pg_logical_emit_message.`,
    ),
  );
};
