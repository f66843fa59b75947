// Judges what lies between the connectors and the consumers: the topics, the schema registry, and whether topic, outbox and
// inbox keep events long enough that none is lost or takes effect twice.
import { retentionProblems } from '../../services/platform/process/settings/retention-settings.ts';
import { topicSettings } from '../stack/topology.ts';
import type { KafkaFacts, RegistryFacts, RetentionFacts, SchemaIdFacts } from './facts.ts';
import { dayMs, type Finding, onlyIf, warning, broken } from './finding.ts';

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
      ...onlyIf((config['compression.type'] ?? 'producer') !== 'producer', () =>
        warning(
          `${topic} has compression.type = ${config['compression.type'] ?? ''}: the broker compresses every event again, and each consumer of another make needs that codec.`,
          `The services read gzip, snappy, lz4 and zstd. For anything else set compression.type = producer on ${topic}.`,
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
