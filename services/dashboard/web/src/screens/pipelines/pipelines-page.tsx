import { Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { pipelinesQuery } from '../../api/admin-queries.ts';
import type { PipelinesOverview } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { formatNumber } from '../../parts/format.ts';
import { LiveMark, liveStateOf } from '../../parts/live-mark.tsx';
import { Page } from '../../parts/page.tsx';
import { Failed, Loading } from '../../parts/states.tsx';
import { conditionOf } from './causes.ts';
import { PipelineCard } from './pipeline-card.tsx';
import classes from './pipelines.module.css';

const titleOf = ({ pipelines }: PipelinesOverview): string => {
  const unhealthy = pipelines.filter((pipeline) => conditionOf(pipeline) !== 'healthy');
  const [first] = unhealthy;
  if (first === undefined) return 'All pipelines are healthy';
  return unhealthy.length === 1
    ? `${first.connectorName} is ${conditionOf(first)}`
    : `${unhealthy.length} pipelines need attention`;
};

const urgency = { broken: 0, paused: 1, healthy: 2 } as const;

const Groups = ({ groups }: Pick<PipelinesOverview, 'groups'>) => (
  <Card title="Consumer lag" flush={groups !== null}>
    {groups === null ? (
      <p>Kafka is not responding, so the lag is unknown.</p>
    ) : (
      <Table className={classes['groups']}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Consumer group</Table.Th>
            <Table.Th>Topic</Table.Th>
            <Table.Th className={classes['number']}>Lag (records)</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {groups.flatMap(({ group, topics }) =>
            topics.map(({ topic, lag }) => (
              <Table.Tr key={`${group}/${topic}`}>
                <Table.Td>{group}</Table.Td>
                <Table.Td>{topic}</Table.Td>
                <Table.Td className={classes['number']}>{formatNumber(lag)}</Table.Td>
              </Table.Tr>
            )),
          )}
        </Table.Tbody>
      </Table>
    )}
  </Card>
);

export const PipelinesPage = () => {
  const overview = useQuery(pipelinesQuery);
  const { data } = overview;
  return (
    <Page
      title={data === undefined ? 'Pipelines' : titleOf(data)}
      actions={<LiveMark state={liveStateOf(overview)} />}
    >
      {overview.isPending && <Loading lines={8} />}
      {overview.isError && data === undefined && (
        <Failed error={overview.error} retry={() => void overview.refetch()} />
      )}
      {data?.pipelines
        .toSorted((a, b) => urgency[conditionOf(a)] - urgency[conditionOf(b)])
        .map((pipeline) => (
          <PipelineCard key={pipeline.service} pipeline={pipeline} />
        ))}
      {data !== undefined && <Groups groups={data.groups} />}
    </Page>
  );
};
