// What works, for everybody: first in the words of a customer, then part by part, as the probes and the supervisor see it.
import { Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { healthQuery } from '../../api/queries.ts';
import type { PartHealth } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { formatTime } from '../../parts/format.ts';
import { LiveMark } from '../../parts/live-mark.tsx';
import { Page } from '../../parts/page.tsx';
import { StateBadge, type Tone } from '../../parts/state-badge.tsx';
import { Empty, Failed, Loading } from '../../parts/states.tsx';
import classes from './status-page.module.css';

const inWords: Readonly<Record<PartHealth['status'], readonly [Tone, string]>> = {
  ok: ['ok', 'Healthy'],
  degraded: ['wait', 'Degraded'],
  unavailable: ['bad', 'Unavailable'],
  unknown: ['wait', 'Unknown'],
};

const processOf = ({ pid, state, restarts = 0 }: PartHealth): string =>
  [
    ...(pid === undefined ? [] : [`pid ${pid}`]),
    ...(state === undefined ? [] : [state]),
    ...(restarts === 0 ? [] : [`${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`]),
  ].join(' · ');

const headline = (parts: readonly PartHealth[]): string => {
  const broken = parts.filter(({ status }) => status !== 'ok');
  if (broken.length === 0) return 'Everything works';
  return broken.length === 1 ? '1 part is not well' : `${broken.length} parts are not well`;
};

/** What a customer or a seller does, and the parts that it needs to be prompt. */
const uses: readonly { readonly name: string; readonly needs: readonly string[] }[] = [
  { name: 'Shop and stock', needs: ['inventory', 'inventory-db'] },
  {
    name: 'Orders',
    needs: ['order', 'order-db', 'order-pipeline', 'inventory-pipeline', 'kafka', 'connect'],
  },
  { name: 'Payments', needs: ['payment', 'payment-db', 'payment-pipeline', 'gateway', 'kafka', 'connect'] },
];

const Summary = ({ parts }: { parts: readonly PartHealth[] }) => (
  <ul className={classes['uses']}>
    {uses.map(({ name, needs }) => {
      const needed = parts.filter((part) => needs.includes(part.name));
      const [tone, words]: readonly [Tone, string] = needed.some(({ status }) => status === 'unavailable')
        ? ['bad', 'Disturbed']
        : needed.some(({ status }) => status !== 'ok')
          ? ['wait', 'Slower than usual']
          : ['ok', 'Working'];
      return (
        <li key={name}>
          <b>{name}</b>
          <StateBadge tone={tone}>{words}</StateBadge>
        </li>
      );
    })}
  </ul>
);

const Parts = ({ parts }: { parts: readonly PartHealth[] }) => (
  <Table.ScrollContainer minWidth={640}>
    <Table verticalSpacing="xs" horizontalSpacing="md">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Part</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th ta="right">Answered in</Table.Th>
          <Table.Th>What it says</Table.Th>
          <Table.Th>Process</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {parts.map((part) => {
          const [tone, word] = inWords[part.status];
          return (
            <Table.Tr key={part.name}>
              <Table.Th scope="row">{part.name}</Table.Th>
              <Table.Td>
                <StateBadge tone={tone}>{word}</StateBadge>
              </Table.Td>
              <Table.Td ta="right">{part.latencyMs === null ? '–' : `${part.latencyMs} ms`}</Table.Td>
              <Table.Td>{part.detail}</Table.Td>
              <Table.Td c="dimmed">{processOf(part)}</Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  </Table.ScrollContainer>
);

export const StatusPage = () => {
  const health = useQuery(healthQuery);
  const parts = health.data?.parts;
  return (
    <Page
      title={parts === undefined ? 'Status' : headline(parts)}
      actions={
        <LiveMark
          state={
            health.isError && health.data !== undefined
              ? { kind: 'stale', since: health.data.checkedAt }
              : { kind: health.data === undefined ? 'connecting' : 'live' }
          }
        />
      }
    >
      {parts !== undefined && parts.length > 0 && <Summary parts={parts} />}
      <Card
        title="Parts"
        flush
        aside={health.data === undefined ? null : `looked at ${formatTime(health.data.checkedAt)}`}
      >
        {health.isPending && <Loading lines={8} />}
        {health.isError && parts === undefined && (
          <Failed error={health.error} retry={() => void health.refetch()} />
        )}
        {parts?.length === 0 && <Empty title="Nothing to watch" />}
        {parts !== undefined && parts.length > 0 && <Parts parts={parts} />}
      </Card>
    </Page>
  );
};
