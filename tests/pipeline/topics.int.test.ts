// On existing topics, `provisionTopics` corrects the settings that it manages, and keeps all other settings.
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { kafkaClient } from '../../scripts/stack/parts/kafka.ts';
import { provisionTopics } from '../../scripts/stack/provision/topics.ts';
import { canaryTopicOf } from '../../scripts/stack/topology.ts';
import { stack } from '../stack/worker-stack.ts';

const topic = canaryTopicOf('order-events');
const admin = kafkaClient(stack.urls.kafka, 'test').admin();
const type = kafkajs.ConfigResourceTypes.TOPIC;
const read = async (): Promise<Record<string, string>> => {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type, name: topic }],
  });
  const entries = resources.flatMap(({ configEntries }) => configEntries);
  return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]));
};

beforeAll(() => admin.connect());
afterAll(async () => {
  await provisionTopics(stack.urls.kafka);
  await admin.disconnect();
});

it('`provisionTopics` corrects a managed setting that was changed, and keeps the other settings', async () => {
  const { 'retention.ms': provisionedValue } = await read();
  await admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type,
        name: topic,
        configEntries: [
          { name: 'retention.ms', value: '7200001' },
          { name: 'max.message.bytes', value: '1048000' },
        ],
      },
    ],
  });
  await provisionTopics(stack.urls.kafka);
  expect(await read()).toMatchObject({ 'retention.ms': provisionedValue, 'max.message.bytes': '1048000' });
});
