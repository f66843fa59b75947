// Judges the topics, the schema registry, and whether topic, outbox and inbox retain events long enough that none is lost or
// takes effect twice.
import { retentionProblems } from '../../services/platform/process/settings/retention-settings.ts';
import { topicSettings } from '../stack/topology.ts';
import type { KafkaFacts, RegistryFacts, RetentionFacts, SchemaIdFacts } from './facts.ts';
import { dayMs, type Finding, onlyIf, warning, broken } from './finding.ts';

/** The default of Kafka. The largest payload that the outbox accepts, 900,000 bytes, fits with its key and headers. */
const messageBytes = 1_048_588;

const days = (ms: number): string => `${Number((ms / dayMs).toFixed(2))} d`;

export const judgeKafka = ({ brokers, events, internal }: KafkaFacts): Finding[] => [
  ...onlyIf(brokers < 2, () =>
    warning(
      'There is only one broker: if its disk is lost, the topics are lost.',
      'Enough for development. In production run three.',
    ),
  ),
  ...[...events, ...internal].flatMap(({ topic, state }): Finding[] =>
    state === null
      ? [
          broken(
            `There is no topic ${topic}: its producer waits without an error, and the task stays RUNNING.`,
            'npm start creates the topics of the events; the worker creates its own.',
          ),
        ]
      : [
          ...onlyIf(state.underReplicated > 0, () =>
            broken(
              `${state.underReplicated} partitions of ${topic} have a replica that is not in sync.`,
              'Bring the broker back.',
            ),
          ),
          ...onlyIf(brokers > 1 && state.replicas < 3, () =>
            warning(`${topic} has ${state.replicas} replicas.`, 'Give it a replication factor of 3.'),
          ),
          ...onlyIf(brokers > 1 && Number(state.config['min.insync.replicas']) < 2, () =>
            warning(
              `${topic} acknowledges a write that only one replica has.`,
              'Set min.insync.replicas = 2, so that no event is lost with a broker.',
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
          `${topic} has ${partitions} partitions instead of ${topicSettings.partitions}: with another count a key maps to another partition.`,
          'Create the topic again with the right count, before anything is published to it.',
        ),
      ),
      ...onlyIf((config['compression.type'] ?? 'producer') !== 'producer', () =>
        warning(
          `${topic} has compression.type = ${config['compression.type'] ?? ''}: the broker compresses every event again, and every other consumer needs that codec.`,
          `The services read gzip, snappy, lz4 and zstd. For other consumers set compression.type = producer on ${topic}.`,
        ),
      ),
      ...onlyIf(Number(config['max.message.bytes'] ?? messageBytes) < messageBytes, () =>
        broken(
          `${topic} has max.message.bytes = ${config['max.message.bytes'] ?? ''}: an event above this size stops its connector.`,
          `Set max.message.bytes = ${messageBytes} on ${topic}, then npm run connectors -- restart --failed.`,
        ),
      ),
      ...Object.entries(topicSettings.config)
        .filter(([key, value]) => key !== 'retention.ms' && config[key] !== value)
        .map(([key, value]) =>
          broken(
            `${topic} has ${key} = ${config[key] ?? 'nothing'} instead of ${value}.`,
            'npm start corrects it.',
          ),
        ),
    ];
  }),
  ...internal
    .filter(({ state }) => state !== null && state.config['cleanup.policy'] !== 'compact')
    .map(({ topic }) =>
      broken(
        `${topic} is not compacted: Connect loses entries that are older than its retention.`,
        `Set cleanup.policy = compact on ${topic}.`,
      ),
    ),
];

export const judgeRegistry = ({ wrongCompatibility, legacyIds }: RegistryFacts): Finding[] => [
  ...Object.entries(wrongCompatibility).map(([subject, mode]) =>
    broken(
      `${subject} has the compatibility ${mode} instead of FULL_TRANSITIVE: a schema that old consumers cannot read could be registered.`,
      `Set it: PUT /config/${subject} {"compatibility":"FULL_TRANSITIVE"}`,
    ),
  ),
  ...onlyIf(legacyIds === true, () =>
    broken(
      'The registry assigns ids per registration (legacy id mode): for the id in an event it returns a wrong schema.',
      'Set apicurio.ccompat.legacy-id-mode.enabled = false.',
    ),
  ),
];

export const judgeSchemaIds = (ids: readonly SchemaIdFacts[]): Finding[] =>
  ids
    .filter(({ expected, found }) => expected !== undefined && expected !== found)
    .map(({ service, eventType, id, found }) =>
      broken(
        `Events ${eventType} in the ${service} outbox have the schema id ${id}, under which the registry has ${found ?? 'nothing'}: the registry has lost its storage.`,
        'Restore the registry with its ids, see connectors/runbooks/registry-lost.md.',
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
          `${topic} keeps events for ${keptMs < 0 ? 'ever' : days(keptMs)}, and the inbox only for ${inboxDays} d: when the topic is read from the beginning, the oldest would take effect twice.`,
          keptMs < 0
            ? `Set retention.ms of ${topic} to less than INBOX_RETENTION_DAYS.`
            : 'Raise INBOX_RETENTION_DAYS above the retention of the topic.',
        ),
      ),
      ...onlyIf(keptMs >= 0 && keptMs < outboxDays * dayMs, () =>
        warning(
          `${topic} keeps events for ${days(keptMs)}, less than the outbox with ${outboxDays} d: a recovery publishes events again that have expired on the topic.`,
          'Consumers ignore such duplicates; to avoid them, keep the topic as long as the outbox.',
        ),
      ),
    ];
  }),
];
