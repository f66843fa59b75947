// The names of pipelines and consumer groups in the auditor must equal the names in the topology.
import { expect, it } from 'vitest';
import { canaryTopicOf, serviceNames, services } from '../../scripts/stack/topology.ts';
import { everyService } from '../../services/auditor/domain/facts.ts';
import { consumerGroups } from '../../services/auditor/pipelines/pipeline-metrics.ts';
import { pipelineNames } from '../../services/auditor/pipelines/pipelines.ts';

it.each(serviceNames)('the auditor knows the pipeline of the %s service', (service) => {
  const { connector, topic, database } = services[service];
  expect(pipelineNames(service)).toEqual({
    connector,
    slot: database.slot,
    cdcRole: database.cdc,
    canaryTopic: canaryTopicOf(topic),
  });
});

it('the auditor knows the consumer groups and their topics', () => {
  expect(everyService).toEqual(serviceNames);
  const described = serviceNames.map((service) => ({
    group: services[service].consumerGroup,
    topics: services[service].consumes,
  }));
  const sorted = (all: readonly { readonly group: string; readonly topics: readonly string[] }[]) =>
    all.map(({ group, topics }) => ({ group, topics: [...topics].sort() }));
  expect(sorted(consumerGroups)).toEqual(sorted(described));
});
