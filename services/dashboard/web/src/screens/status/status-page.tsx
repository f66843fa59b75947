// The public status page. Everybody sees the functions of the shop. Administrators also see every component, with the results of its
// health probe and of the supervisor; the server sends the components only to administrators.
import { Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { healthQuery } from '../../api/queries.ts';
import type { FunctionHealth, PartHealth, SystemHealth } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { formatTime } from '../../parts/format.ts';
import { LiveMark } from '../../parts/live-mark.tsx';
import { Page } from '../../parts/page.tsx';
import { StateBadge, type Tone } from '../../parts/state-badge.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
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

const headline = ({ functions, parts = [] }: SystemHealth): string => {
  const unhealthyCount = parts.filter(({ status }) => status !== 'ok').length;
  if (unhealthyCount > 0)
    return unhealthyCount === 1
      ? '1 component needs attention'
      : `${unhealthyCount} components need attention`;
  if (functions.some(({ status }) => status === 'disrupted')) return 'Some functions are disrupted';
  return functions.some(({ status }) => status === 'slow')
    ? 'The shop may be slow'
    : 'All systems operational';
};

const functionBadges: Readonly<Record<FunctionHealth['status'], readonly [Tone, string]>> = {
  ok: ['ok', 'Operational'],
  slow: ['wait', 'May be slow'],
  disrupted: ['bad', 'Disrupted'],
};

const Functions = ({ functions }: Pick<SystemHealth, 'functions'>) => (
  <ul className={classes['functions']}>
    {functions.map(({ name, status, effect }) => {
      const [tone, label] = functionBadges[status];
      return (
        <li key={name}>
          <b>{name}</b>
          <StateBadge tone={tone}>{label}</StateBadge>
          {effect !== undefined && <p>{effect}</p>}
        </li>
      );
    })}
  </ul>
);

const Parts = ({ parts }: { parts: readonly PartHealth[] }) => (
  <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
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
          const [tone, label] = badges[part.status];
          return (
            <Table.Tr key={part.name}>
              <Table.Th scope="row">{part.name}</Table.Th>
              <Table.Td>
                <StateBadge tone={tone}>{label}</StateBadge>
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
  const { data } = health;
  return (
    <Page
      title={data === undefined ? 'Status' : headline(data)}
      actions={
        <LiveMark
          state={
            health.isError && data !== undefined
              ? { kind: 'stale', since: data.checkedAt }
              : { kind: data === undefined ? 'connecting' : 'live' }
          }
        />
      }
    >
      {health.isPending && <Loading lines={4} />}
      {health.isError && data === undefined && (
        <ErrorMessage error={health.error} retry={() => void health.refetch()} />
      )}
      {data !== undefined && <Functions functions={data.functions} />}
      {data?.parts !== undefined && (
        <Card title="Components" flush aside={`Checked at ${formatTime(data.checkedAt)}`}>
          {data.parts.length === 0 ? (
            <Empty title="No components configured" />
          ) : (
            <Parts parts={data.parts} />
          )}
        </Card>
      )}
    </Page>
  );
};
