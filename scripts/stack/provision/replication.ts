// Gives every topic three replicas once there are three brokers. The existing data is copied while the topics are in use.
// `min.insync.replicas` is raised to two only after that: until the copies are in sync, the broker would reject every write with
// acks=all. A second run changes only what is still missing.
import kafkajs, { type Admin } from 'kafkajs';
import { until } from '../supervise/deadline.ts';
import { failure } from '../../../schemas/tools/failure.ts';
import { kafkaClient } from '../parts/kafka.ts';
import { cluster } from '../topology.ts';

interface PartitionReplicas {
  readonly topic: string;
  readonly partition: number;
  /** Node ids; the first is the preferred leader. */
  readonly replicas: readonly number[];
}

/**
 * The new assignment of the partitions that have too few replicas. Each broker is the preferred leader of every third partition.
 */
export const newAssignment = (
  partitions: readonly PartitionReplicas[],
  brokers: readonly number[],
): PartitionReplicas[] => {
  const nodes = brokers.toSorted((one, other) => one - other).slice(0, cluster.replicationFactor);
  return partitions
    .filter(({ replicas }) => replicas.length < cluster.replicationFactor)
    .map(({ topic, partition }) => {
      const leader = partition % nodes.length;
      return { topic, partition, replicas: [...nodes.slice(leader), ...nodes.slice(0, leader)] };
    });
};

const partitionsIn = async (admin: Admin) => {
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

const reassign = async (admin: Admin, assignment: readonly PartitionReplicas[]): Promise<void> => {
  const byTopic = Map.groupBy(assignment, ({ topic }) => topic);
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

const minInSyncKey = 'min.insync.replicas';

/**
 * Returns how many topics were changed. `alterConfigs` replaces the whole configuration of a topic, so the request repeats the
 * other values.
 */
const raiseMinInSync = async (admin: Admin, topics: readonly string[]): Promise<number> => {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  const minInSync = String(cluster.minInSync);
  const differing = resources.filter(
    ({ configEntries }) =>
      configEntries.find(({ configName }) => configName === minInSyncKey)?.configValue !== minInSync,
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
              configName !== minInSyncKey && configSource === kafkajs.ConfigSource.TOPIC_CONFIG,
          )
          .map(({ configName, configValue }) => ({ name: configName, value: configValue })),
        { name: minInSyncKey, value: minInSync },
      ],
    })),
  });
  return differing.length;
};

interface Replicated {
  readonly topics: number;
  /** Partitions that were given more replicas. */
  readonly partitions: number;
  /** Topics whose `min.insync.replicas` was raised. */
  readonly raised: number;
}

/** Throws a failure when there are too few brokers, the copies are not complete in time, or there is no topic. */
export const replicateTopics = async (brokers: string, withinMs: number): Promise<Replicated> => {
  const admin = kafkaClient(brokers, 'orderflow-replication').admin();
  await admin.connect();
  try {
    const nodes = await until(
      { what: `${cluster.brokers} brokers (profile \`cluster\`)`, withinMs, everyMs: 500 },
      async () => {
        const { brokers: present } = await admin.describeCluster();
        return present.length >= cluster.brokers && present.map(({ nodeId }) => nodeId);
      },
    );
    const partitions = await partitionsIn(admin);
    const assignment = newAssignment(partitions, nodes);
    if (assignment.length > 0) await reassign(admin, assignment);
    await until(
      { what: 'every partition to be copied (run the job again to continue)', withinMs, everyMs: 500 },
      async () => {
        const current = await partitionsIn(admin);
        return current.every(({ inSync }) => inSync >= cluster.replicationFactor);
      },
    );
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    if (topics.length === 0)
      throw failure('there is no topic to replicate; create the topics first, with the job `topics`');
    return {
      topics: topics.length,
      partitions: assignment.length,
      raised: await raiseMinInSync(admin, topics),
    };
  } finally {
    await admin.disconnect();
  }
};
