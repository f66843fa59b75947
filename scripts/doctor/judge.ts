// The verdict of `npm run doctor`: pure functions from what was read to what is wrong with it and what to do. `broken` is what
// loses, holds back or repeats events now or at the next fault; `warning` is what a demanding operator would not leave so.
import { judgeSlot } from '../../services/auditor/pipelines/slot-health.ts';
import { retentionProblems } from '../../services/platform/process/retention-settings.ts';
import { serviceNames, services, topicSettings, type ServiceName } from '../stack/topology.ts';
import type {
  ClockFacts,
  ConnectFacts,
  ConnectorFacts,
  ConnectorLogin,
  DatabaseFacts,
  Facts,
  KafkaFacts,
  Reading,
  RegistryFacts,
  RetentionFacts,
  SchemaIdFacts,
} from './facts.ts';

export interface Finding {
  readonly level: 'broken' | 'warning';
  readonly sentence: string;
  readonly remedy: string;
}
/** What was looked at, in the order in which it is told, and what is wrong with it. */
export interface Area {
  readonly area: string;
  /** False: it could not be looked at because of what is said elsewhere. */
  readonly seen: boolean;
  readonly findings: readonly Finding[];
}

const broken = (sentence: string, remedy: string): Finding => ({ level: 'broken', sentence, remedy });
const warning = (sentence: string, remedy: string): Finding => ({ level: 'warning', sentence, remedy });
const onlyIf = (condition: boolean, finding: () => Finding): Finding[] => (condition ? [finding()] : []);

const start = 'Start it: npm start, or whatever runs it where you are.';
const judged = <T>(reading: Reading<T>, judge: (value: T) => Finding[]): Finding[] =>
  reading.ok ? judge(reading.value) : [broken(reading.problem, start)];

const dayMs = 24 * 3_600_000;
/** Debezium 3.7 no longer takes the next transaction for read when it begins where the last one ended. */
const debeziumNeeds = [3, 7] as const;

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
    ...judgeSlot(facts.slot).map(({ level, sentence, remedy }) => ({
      level,
      sentence,
      remedy: remedy.replaceAll('<service>', service),
    })),
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

export const judgeConnect = ({ debezium }: ConnectFacts): Finding[] => {
  if (debezium === null)
    return [
      broken(
        'The worker has no PostgreSQL connector of Debezium.',
        'Put it below plugin.path and restart the worker.',
      ),
    ];
  const [major = 0, minor = 0] = debezium.split('.').map(Number);
  return onlyIf(major < debeziumNeeds[0] || (major === debeziumNeeds[0] && minor < debeziumNeeds[1]), () =>
    broken(
      `Debezium is ${debezium}: before ${debeziumNeeds.join('.')} a restart can skip a transaction in silence.`,
      'See connectors/runbooks/debezium-upgrade.md.',
    ),
  );
};

export const judgeConnector = (service: ServiceName, facts: ConnectorFacts): Finding[] => {
  const { connector } = services[service];
  const { state, changes, invalid } = facts;
  const where = `--connector ${connector}`;
  const ofState = (): Finding[] => {
    switch (state?.kind) {
      case undefined:
        return [broken(`Connect has no connector ${connector}.`, `npm run connectors -- apply ${where}`)];
      case 'running':
        return [];
      case 'paused':
        return [
          broken(
            `Somebody has paused or stopped ${connector}: its events wait.`,
            `npm run connectors -- resume ${where}`,
          ),
        ];
      case 'failed':
        return [
          broken(
            `${connector} has failed: ${state.why.split('\n')[0] ?? ''}`,
            `npm run connectors -- restart --failed ${where}; if it fails again, see connectors/runbooks/connector-failed.md`,
          ),
        ];
      case 'idle':
        return [
          broken(
            `${connector} does not run (${state.why}).`,
            `It may still be starting; otherwise npm run connectors -- restart ${where}`,
          ),
        ];
    }
  };
  return [
    ...ofState(),
    ...invalid.map(({ key, problem }) =>
      broken(`connectors/${service}.json: ${key} ${problem}`, `npm run connectors -- validate ${where}`),
    ),
    ...onlyIf(changes.length > 0, () =>
      broken(
        `${connector} is not what connectors/${service}.json says: ${changes.map(({ key }) => key).join(', ')}.`,
        `npm run connectors -- plan ${where}, then apply`,
      ),
    ),
  ];
};

const days = (ms: number): string => `${Number((ms / dayMs).toFixed(2))} d`;

export const judgeKafka = ({ brokers, events, internal }: KafkaFacts): Finding[] => [
  ...onlyIf(brokers < 2, () =>
    warning(
      'There is one broker: with its disk the topics are lost.',
      'Fit for a laptop. Elsewhere run three.',
    ),
  ),
  ...[...events, ...internal].flatMap(({ topic, state }): Finding[] =>
    state === null
      ? [
          broken(
            `There is no topic ${topic}: a producer waits for it in silence, its task RUNNING.`,
            'npm start makes the topics of the events; the worker makes its own.',
          ),
        ]
      : [
          ...onlyIf(state.underReplicated > 0, () =>
            broken(
              `${state.underReplicated} partitions of ${topic} have a replica that is behind or away.`,
              'Bring the broker back.',
            ),
          ),
          ...onlyIf(brokers > 1 && state.replicas < 3, () =>
            warning(`${topic} has ${state.replicas} copies.`, 'Give it a replication factor of 3.'),
          ),
          ...onlyIf(brokers > 1 && Number(state.config['min.insync.replicas']) < 2, () =>
            warning(
              `${topic} acknowledges with one copy written.`,
              'Set min.insync.replicas = 2, so that a lost broker costs no event.',
            ),
          ),
        ],
  ),
  ...events.flatMap(({ topic, state }): Finding[] => {
    if (state === null) return [];
    const { partitions, config } = state;
    return [
      ...onlyIf(partitions !== topicSettings.partitions, () =>
        broken(
          `${topic} has ${partitions} partitions instead of ${topicSettings.partitions}: another count sends keys to other partitions.`,
          'Make the topic as it was, before anything is published to it.',
        ),
      ),
      ...Object.entries(topicSettings.config)
        .filter(([key, value]) => key !== 'retention.ms' && config[key] !== value)
        .map(([key, value]) =>
          broken(
            `${topic} has ${key} = ${config[key] ?? 'nothing'} instead of ${value}.`,
            'npm start sets it back.',
          ),
        ),
    ];
  }),
  ...internal
    .filter(({ state }) => state !== null && state.config['cleanup.policy'] !== 'compact')
    .map(({ topic }) =>
      broken(
        `${topic} is not compacted: Connect forgets what is older than its retention.`,
        `Set cleanup.policy = compact on ${topic}.`,
      ),
    ),
];

export const judgeRegistry = ({ compatibility, legacyIds }: RegistryFacts): Finding[] => [
  ...Object.entries(compatibility).map(([subject, mode]) =>
    broken(
      `${subject} may change with compatibility ${mode} instead of FULL_TRANSITIVE: what old consumers cannot read could be registered.`,
      `Set it: PUT /config/${subject} {"compatibility":"FULL_TRANSITIVE"}`,
    ),
  ),
  ...onlyIf(legacyIds === true, () =>
    broken(
      'The registry counts ids per registration (legacy id mode): ids in events mean something else than before.',
      'Set apicurio.ccompat.legacy-id-mode.enabled = false.',
    ),
  ),
];

export const judgeSchemaIds = (ids: readonly SchemaIdFacts[]): Finding[] =>
  ids
    .filter(({ expected, found }) => expected !== undefined && expected !== found)
    .map(({ service, eventType, id, found }) =>
      broken(
        `Events ${eventType} in the ${service} outbox are framed with schema id ${id}, under which the registry has ${found ?? 'nothing'}: it has lost its storage.`,
        'Restore the registry with its ids, see connectors/runbooks.',
      ),
    );

const skewMs = 1_000;
export const judgeClocks = (clocks: readonly ClockFacts[]): Finding[] =>
  clocks
    .filter(({ aheadMs, uncertainMs }) => Math.abs(aheadMs) > skewMs + uncertainMs)
    .map(({ part, aheadMs }) =>
      warning(
        `The clock of ${part} is ${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${aheadMs > 0 ? 'ahead' : 'behind'}: deadlines, ages and latencies are off by that.`,
        'Have it kept by NTP.',
      ),
    );

export const judgeRetention = (
  { outboxDays, inboxDays }: RetentionFacts,
  topics: KafkaFacts['events'],
): Finding[] => [
  ...retentionProblems({ outboxRetentionDays: outboxDays, inboxRetentionDays: inboxDays }).map((problem) =>
    broken(problem, 'Raise INBOX_RETENTION_DAYS.'),
  ),
  ...topics.flatMap(({ topic, state }): Finding[] => {
    const text = state?.config['retention.ms'];
    if (text === undefined) return [];
    const keptMs = Number(text);
    return [
      ...onlyIf(keptMs < 0 || keptMs >= inboxDays * dayMs, () =>
        broken(
          `${topic} keeps events for ${keptMs < 0 ? 'ever' : days(keptMs)} and the inbox remembers them for ${inboxDays} d: read from the beginning, the oldest would take effect twice.`,
          'Raise INBOX_RETENTION_DAYS above the retention of the topic.',
        ),
      ),
      ...onlyIf(keptMs >= 0 && keptMs < outboxDays * dayMs, () =>
        warning(
          `${topic} keeps events for ${days(keptMs)}, less than the outbox with ${outboxDays} d: a recovery publishes again what has only left the topic.`,
          'Consumers recognise those; to spare them, keep the topic as long as the outbox.',
        ),
      ),
    ];
  }),
];

/** Everything that was looked at, with what is wrong with it. */
export const judge = (facts: Facts): readonly Area[] => [
  ...serviceNames.map((service) => ({
    area: `${service} database`,
    seen: true,
    findings: [
      ...judged(facts.databases[service], (database) => judgeDatabase(service, database)),
      ...(facts.databases[service].ok ? judgeLogin(service, facts.logins[service]) : []),
    ],
  })),
  { area: 'Kafka Connect', seen: true, findings: judged(facts.connect, judgeConnect) },
  ...serviceNames.map((service) => ({
    area: services[service].connector,
    seen: facts.connect.ok,
    // Without a worker there is nothing to say of its connectors.
    findings: facts.connect.ok
      ? judged(facts.connectors[service], (connector) => judgeConnector(service, connector))
      : [],
  })),
  { area: 'Kafka', seen: true, findings: judged(facts.kafka, judgeKafka) },
  {
    area: 'schema registry',
    seen: true,
    findings: [...judged(facts.registry, judgeRegistry), ...judgeSchemaIds(facts.schemaIds)],
  },
  { area: 'clocks', seen: facts.clocks.length > 0, findings: judgeClocks(facts.clocks) },
  {
    area: 'retention',
    seen: facts.kafka.ok,
    findings: facts.retention.ok
      ? judgeRetention(facts.retention.value, facts.kafka.ok ? facts.kafka.value.events : [])
      : [broken(facts.retention.problem, 'Correct the variable, see services/SETTINGS.md.')],
  },
];
