// Creates missing topics and corrects the configuration of existing ones. It never changes a partition count, because that would
// send keys to other partitions and break the ordering of their events.
import kafkajs, { type Admin } from 'kafkajs';
import { failure } from '../../../schemas/tools/failure.ts';
import { kafkaClient } from '../parts/kafka.ts';
import { canaryTopicOf, canaryTopicSettings, topicSettings, topics } from '../topology.ts';

interface TopicPlan {
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

const topicPlans: ReadonlyMap<string, TopicPlan> = new Map([
  ...topics.map((topic): [string, TopicPlan] => [topic, topicSettings]),
  ...topics.map((topic): [string, TopicPlan] => [canaryTopicOf(topic), canaryTopicSettings]),
]);

/** Throws a failure when a partition count differs from the topology. */
export const provisionTopics = async (brokers: string): Promise<void> => {
  const admin = kafkaClient(brokers, 'orderflow-topics').admin();
  await admin.connect();
  try {
    const existingTopics = new Set(await admin.listTopics());
    const missing = [...topicPlans].filter(([topic]) => !existingTopics.has(topic));
    if (missing.length > 0)
      await admin.createTopics({
        waitForLeaders: true,
        timeout: 10_000,
        topics: missing.map(([topic, { partitions, replicationFactor, config }]) => ({
          topic,
          numPartitions: partitions,
          replicationFactor,
          configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
        })),
      });
    const metadata = await admin.fetchTopicMetadata({ topics: [...topicPlans.keys()] });
    for (const { name, partitions } of metadata.topics) {
      const planned = topicPlans.get(name)?.partitions;
      if (partitions.length !== planned)
        throw failure(
          `topic ${name} has ${String(partitions.length)} partitions instead of ${String(planned)}; ` +
            'a different count sends keys to other partitions and breaks the sequence of their events. ' +
            'Set the number in topology.ts to that of the topic, or delete all data with `npm run reset`',
        );
    }
    const existing = [...topicPlans.keys()].filter((topic) => existingTopics.has(topic));
    if (existing.length > 0) await alignTopicConfig(admin, existing);
  } finally {
    await admin.disconnect();
  }
};

const alignTopicConfig = async (admin: Admin, names: readonly string[]): Promise<void> => {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  const plannedConfig = (topic: string) => Object.entries(topicPlans.get(topic)?.config ?? {});
  const differing = resources.filter(({ resourceName, configEntries }) =>
    plannedConfig(resourceName).some(
      ([key, value]) => configEntries.find((entry) => entry.configName === key)?.configValue !== value,
    ),
  );
  if (differing.length === 0) return;
  await admin.alterConfigs({
    validateOnly: false,
    resources: differing.map(({ resourceName, configEntries }) => {
      // The request replaces all settings of the topic, so it repeats the settings that an operator has added.
      const overrides = configEntries.filter(
        ({ configSource }) => configSource === kafkajs.ConfigSource.TOPIC_CONFIG,
      );
      const entries = {
        ...Object.fromEntries(overrides.map(({ configName, configValue }) => [configName, configValue])),
        ...Object.fromEntries(plannedConfig(resourceName)),
      };
      return {
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name: resourceName,
        configEntries: Object.entries(entries).map(([name, value]) => ({ name, value })),
      };
    }),
  });
};
