// The public status page: first the functions that customers use, then every component as the probes and the supervisor see it.
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

const badges: Readonly<Record<PartHealth['status'], readonly [Tone, string]>> = {
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
  if (broken.length === 0) return 'All systems operational';
  return broken.length === 1 ? '1 component needs attention' : `${broken.length} components need attention`;
};

/** The functions of the shop, and the components that each depends on. */
const functions: readonly { readonly name: string; readonly needs: readonly string[] }[] = [
  { name: 'Shop and stock', needs: ['inventory', 'inventory-db'] },
  {
    name: 'Orders',
    needs: ['order', 'order-db', 'order-pipeline', 'inventory-pipeline', 'kafka', 'connect'],
  },
  { name: 'Payments', needs: ['payment', 'payment-db', 'payment-pipeline', 'gateway', 'kafka', 'connect'] },
];

const Summary = ({ parts }: { parts: readonly PartHealth[] }) => (
  <ul className={classes['uses']}>
    {functions.map(({ name, needs }) => {
      const needed = parts.filter((part) => needs.includes(part.name));
      const [tone, words]: readonly [Tone, string] = needed.some(({ status }) => status === 'unavailable')
        ? ['bad', 'Disrupted']
        : needed.some(({ status }) => status !== 'ok')
          ? ['wait', 'May be slow']
          : ['ok', 'Operational'];
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
          <Table.Th>Component</Table.Th>
          <Table.Th>Status</Table.Th>
          <Table.Th ta="right">Latency</Table.Th>
          <Table.Th>Details</Table.Th>
          <Table.Th>Process</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {parts.map((part) => {
          const [tone, word] = badges[part.status];
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
        title="Components"
        flush
        aside={health.data === undefined ? null : `Checked at ${formatTime(health.data.checkedAt)}`}
      >
        {health.isPending && <Loading lines={8} />}
        {health.isError && parts === undefined && (
          <Failed error={health.error} retry={() => void health.refetch()} />
        )}
        {parts?.length === 0 && <Empty title="No components configured" />}
        {parts !== undefined && parts.length > 0 && <Parts parts={parts} />}
      </Card>
    </Page>
  );
};
