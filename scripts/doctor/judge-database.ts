// Judges one service's database as the source of its pipeline: server settings, slot, publication, the connector's role, the
// outbox, and the login of the connector.
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
        `wal_level is ${facts.walLevel}: nothing can be read from the WAL.`,
        'Set wal_level = logical and restart the server.',
      ),
    ),
    ...judgeSlot(service, facts.slot).map(({ level, sentence, remedy }) => ({ level, sentence, remedy })),
    ...onlyIf(facts.slotsUsed >= facts.maxSlots, () =>
      warning(
        `All ${facts.maxSlots} replication slots are taken: recovery could not make another one.`,
        'Drop the slots that nobody reads, or raise max_replication_slots.',
      ),
    ),
    ...onlyIf(facts.sendersUsed >= facts.maxSenders, () =>
      warning(
        `All ${facts.maxSenders} WAL senders are taken: a connector that restarts may find none.`,
        'Raise max_wal_senders.',
      ),
    ),
    ...onlyIf(facts.idleSlotSeconds > 0 && facts.idleSlotSeconds * 1_000 < dayMs, () =>
      warning(
        `The server gives up a slot that nobody reads for ${facts.idleSlotSeconds} s.`,
        'Set idle_replication_slot_timeout to more than the longest outage you allow, or to 0.',
      ),
    ),
    ...(publication === null
      ? [
          broken(
            `There is no publication ${publicationName}: the connector fails at its next start.`,
            `npm run recover -- ${service} makes it.`,
          ),
        ]
      : [
          ...onlyIf(publication.allTables || publication.tables.join() !== 'public.outbox', () =>
            broken(
              `The publication ${publicationName} is of ${publication.allTables ? 'all tables' : publication.tables.join(', ') || 'no table'} instead of public.outbox.`,
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
      ? [
          broken(
            `There is no role ${cdc}.`,
            'npm start makes it, or scripts/stack/provision/provision.ts elsewhere.',
          ),
        ]
      : [
          ...onlyIf(!cdcRole.login || !cdcRole.replication, () =>
            broken(
              `The role ${cdc} may not ${cdcRole.login ? 'replicate' : 'log in'}; the connector says so in its log only.`,
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
        `The outbox has no column ${facts.missingColumns.join(', ')}, which the connector names.`,
        'Migrate before the connector is applied, see connectors/runbooks/outbox-column.md.',
      ),
    ),
    ...facts.longTransactions.map(({ pid, who, seconds }) =>
      warning(
        `A transaction of ${who} (pid ${pid}) is open for ${seconds} s: the slot keeps all WAL since then, and a new slot waits for it.`,
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
        `The role ${cdc} cannot log in (${refused}). A task that runs goes on until its next start, and fails then.`,
        'Give the role, the Connect worker and this command one password, see connectors/runbooks/password-rotation.md.',
      ),
    ];
  return onlyIf(heartbeat !== null, () =>
    broken(
      `The heartbeat of the connector does not work (${heartbeat ?? ''}). Debezium only logs that; the task stays RUNNING while the slot holds back WAL until it is lost.`,
      `Give ${cdc} back the right to run heartbeat.action.query, such as EXECUTE on pg_logical_emit_message.`,
    ),
  );
};
