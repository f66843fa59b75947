import { Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { pipelinesQuery } from '../../api/admin-queries.ts';
import type { PipelinesOverview } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { formatNumber } from '../../parts/format.ts';
import { LiveMark, liveStateOf } from '../../parts/live-mark.tsx';
import { Page } from '../../parts/page.tsx';
import { Failed, Loading } from '../../parts/states.tsx';
import { PipelineCard } from './pipeline-card.tsx';
import classes from './pipelines.module.css';

const titleOf = ({ pipelines }: PipelinesOverview): string => {
  const broken = pipelines.filter(({ status }) => status === 'broken').length;
  if (broken === 0) return 'All pipelines flow';
  return broken === 1 ? 'One pipeline is broken' : `${broken} pipelines are broken`;
};

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
      {data?.pipelines.map((pipeline) => (
        <PipelineCard key={pipeline.service} pipeline={pipeline} />
      ))}
      {data !== undefined && <Groups groups={data.groups} />}
    </Page>
  );
};
