// The lag of each consumer group, by topic. A click on the name of a group shows the partitions of the topic.
import { Table, UnstyledButton } from '@mantine/core';
import { ChevronRight } from 'lucide-react';
import { useId, useState } from 'react';
import type { PipelinesOverview } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { formatNumber } from '../../parts/format.ts';
import { Empty } from '../../parts/states.tsx';
import classes from './pipelines.module.css';

type Group = NonNullable<PipelinesOverview['groups']>[number];

const TopicRows = ({ group, topic }: { group: string; topic: Group['topics'][number] }) => {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const { partitions } = topic;
  return (
    <>
      <Table.Tbody>
        <Table.Tr>
          <Table.Td>
            <UnstyledButton
              className={classes['fold']}
              aria-expanded={isOpen}
              aria-controls={id}
              aria-label={`Partitions of ${topic.topic} for ${group}`}
              onClick={() => setOpen(!isOpen)}
            >
              <ChevronRight size={14} aria-hidden="true" />
              {group}
            </UnstyledButton>
          </Table.Td>
          <Table.Td>{topic.topic}</Table.Td>
          <Table.Td className={classes['number']}>{formatNumber(topic.lag)}</Table.Td>
          <Table.Td className={classes['number']}>{formatNumber(partitions.length)}</Table.Td>
          <Table.Td />
          <Table.Td />
        </Table.Tr>
      </Table.Tbody>
      <Table.Tbody id={id} hidden={!isOpen} className={classes['partitions'] ?? ''}>
        {partitions.map(({ partition, committed, end, lag }) => (
          <Table.Tr key={partition}>
            <Table.Th scope="row" colSpan={2} className={classes['number']}>
              Partition {partition}
            </Table.Th>
            <Table.Td className={classes['number']}>{formatNumber(lag)}</Table.Td>
            <Table.Td />
            <Table.Td className={classes['number']}>
              {committed === null ? 'none' : formatNumber(committed)}
            </Table.Td>
            <Table.Td className={classes['number']}>{formatNumber(end)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </>
  );
};

export const ConsumerLag = ({ groups }: Pick<PipelinesOverview, 'groups'>) => (
  <Card title="Consumer lag" flush>
    {groups === null ? (
      <Empty title="The lag is unknown">Kafka is not responding.</Empty>
    ) : (
      <>
        <Table.ScrollContainer minWidth={680} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table className={classes['groups']} aria-label="Consumer lag">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Consumer group</Table.Th>
                <Table.Th>Topic</Table.Th>
                <Table.Th className={classes['number']}>Lag (records)</Table.Th>
                <Table.Th className={classes['number']}>Partitions</Table.Th>
                <Table.Th className={classes['number']}>Committed offset</Table.Th>
                <Table.Th className={classes['number']}>End offset</Table.Th>
              </Table.Tr>
            </Table.Thead>
            {groups.flatMap(({ group, topics }) =>
              topics.map((topic) => (
                <TopicRows key={`${group}/${topic.topic}`} group={group} topic={topic} />
              )),
            )}
          </Table>
        </Table.ScrollContainer>
        <p className={classes['note']}>
          The lag counts offsets, including transaction markers. A lag of one offset is shown as 0, because
          that offset is probably a transaction marker.
        </p>
      </>
    )}
  </Card>
);
