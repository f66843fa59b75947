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
  const troubled = pipelines.filter((pipeline) => conditionOf(pipeline) !== 'flows');
  const [first] = troubled;
  if (first === undefined) return 'All pipelines flow';
  return troubled.length === 1
    ? `${first.connectorName} is ${conditionOf(first)}`
    : `${troubled.length} pipelines do not flow`;
};

const urgency = { broken: 0, paused: 1, flows: 2 } as const;

const Groups = ({ groups }: Pick<PipelinesOverview, 'groups'>) => (
  <Card title="How far consumers are behind" flush={groups !== null}>
    {groups === null ? (
      <p>Kafka does not answer, so nobody knows.</p>
    ) : (
      <Table className={classes['groups']}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>consumer group</Table.Th>
            <Table.Th>topic</Table.Th>
            <Table.Th className={classes['number']}>records to read</Table.Th>
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
