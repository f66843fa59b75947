// Three copies of every topic, once there are three brokers: what a single broker has written is copied while it is in use, and
// only then is a write refused that fewer than two brokers would keep. Raising that bound first would refuse every write.
// Safe to repeat: what is as described is left alone.
import kafkajs from 'kafkajs';
import { until } from '../supervise/deadline.ts';
import { failure } from '../../../schemas/tools/failure.ts';
import { kafkaClient } from '../parts/kafka.ts';
import { cluster } from '../topology.ts';

type Admin = ReturnType<ReturnType<typeof kafkaClient>['admin']>;

export interface PartitionPlace {
  readonly topic: string;
  readonly partition: number;
  /** Node ids; the first is the one that leads when it can. */
  readonly replicas: readonly number[];
}

/** Where the partitions go that have too few replicas; each broker is the first choice of every third partition. */
export const missingReplicas = (
  places: readonly PartitionPlace[],
  brokers: readonly number[],
): PartitionPlace[] => {
  const nodes = brokers.toSorted((one, other) => one - other).slice(0, cluster.replicationFactor);
  return places
    .filter(({ replicas }) => replicas.length < cluster.replicationFactor)
    .map(({ topic, partition }) => {
      const first = partition % nodes.length;
      return { topic, partition, replicas: [...nodes.slice(first), ...nodes.slice(0, first)] };
    });
};

/** Every partition that there is; a topic that is just being deleted is left out. */
const placesIn = async (admin: Admin) => {
  const { topics } = await admin.fetchTopicMetadata({ topics: await admin.listTopics() });
  return topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionId, replicas, isr }) => ({
      topic: name,
      partition: partitionId,
      replicas,
      inSync: isr.length,
    })),
  );
};

const reassign = async (admin: Admin, places: readonly PartitionPlace[]): Promise<void> => {
  const byTopic = Map.groupBy(places, ({ topic }) => topic);
  await admin.alterPartitionReassignments({
    timeout: 10_000,
    topics: [...byTopic].map(([topic, partitions]) => ({
      topic,
      partitionAssignment: partitions.map(({ partition, replicas }) => ({
        partition,
        replicas: [...replicas],
      })),
    })),
  });
};

const bound = 'min.insync.replicas';

/** The call replaces all that a topic was ever given, so what it has beside the bound goes along. */
const raiseBound = async (admin: Admin, topics: readonly string[]): Promise<number> => {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  const wanted = String(cluster.minInSync);
  const differing = resources.filter(
    ({ configEntries }) =>
      configEntries.find(({ configName }) => configName === bound)?.configValue !== wanted,
  );
  if (differing.length === 0) return 0;
  await admin.alterConfigs({
    validateOnly: false,
    resources: differing.map(({ resourceName, configEntries }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name: resourceName,
      configEntries: [
        ...configEntries
          .filter(
            ({ configName, configSource }) =>
              configName !== bound && configSource === kafkajs.ConfigSource.TOPIC_CONFIG,
          )
          .map(({ configName, configValue }) => ({ name: configName, value: configValue })),
        { name: bound, value: wanted },
      ],
    })),
  });
  return differing.length;
};

export interface Replicated {
  readonly topics: number;
  /** Partitions that have been given more replicas. */
  readonly partitions: number;
  /** Topics whose bound has been raised. */
  readonly bounded: number;
}

/** Throws a failure when there are too few brokers, or when the copies are not complete in time. */
export const replicateTopics = async (brokers: string, withinMs: number): Promise<Replicated> => {
  const admin = kafkaClient(brokers, 'orderflow-replication').admin();
  await admin.connect();
  try {
    const nodes = await until({ what: `${cluster.brokers} brokers`, withinMs, everyMs: 500 }, async () => {
      const { brokers: present } = await admin.describeCluster();
      return present.length >= cluster.brokers && present.map(({ nodeId }) => nodeId);
    });
    const places = await placesIn(admin);
    const missing = missingReplicas(places, nodes);
    if (missing.length > 0) await reassign(admin, missing);
    await until({ what: 'every partition to be copied', withinMs, everyMs: 500 }, async () => {
      const now = await placesIn(admin);
      return now.every(({ inSync }) => inSync >= cluster.replicationFactor);
    });
    const topics = [...new Set(places.map(({ topic }) => topic))];
    if (topics.length === 0) throw failure('there is no topic to replicate; the job topics comes first');
    return {
      topics: topics.length,
      partitions: missing.length,
      bounded: await raiseBound(admin, topics),
    };
  } finally {
    await admin.disconnect();
  }
};
