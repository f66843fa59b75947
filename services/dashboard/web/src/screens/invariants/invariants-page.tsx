// What must always hold, whether it does, and which orders wait for longer than they should.
import { Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { invariantsQuery } from '../../api/admin-queries.ts';
import type { Invariants } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { formatDuration, formatNumber, shortId } from '../../parts/format.ts';
import { LiveMark, liveStateOf } from '../../parts/live-mark.tsx';
import { Page } from '../../parts/page.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Empty, Failed, Loading } from '../../parts/states.tsx';
import { When } from '../../parts/when.tsx';
import { PipelineTrouble } from '../pipelines/pipeline-trouble.tsx';
import classes from './invariants.module.css';

const titleOf = ({ violations }: Invariants): string => {
  const broken = new Set(violations.map(({ invariant }) => invariant)).size;
  if (broken === 0) return 'All invariants hold';
  return broken === 1 ? 'One invariant is violated' : `${broken} invariants are violated`;
};

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

/** The thing that a finding is about, with its saga where there is one. */
const About = ({ id }: { id: string }) =>
  isUuid(id) ? (
    <Link to="/all-orders/$id" params={{ id }} title={id}>
      {shortId(id)}
    </Link>
  ) : (
    <code>{id}</code>
  );

const Checks = ({ report }: { report: Invariants }) => (
  <Card
    title="Invariants"
    flush
    aside={
      <>
        looked at <When at={report.checkedAt} />
      </>
    }
  >
    <ul className={classes['checks']}>
      {report.invariants.map(({ name, sentence }) => {
        const found = report.violations.filter(({ invariant }) => invariant === name);
        const unseen = !report.topicsRead && ['outbox_published', 'nothing_uncommitted'].includes(name);
        return (
          <li key={name}>
            <StateBadge tone={found.length > 0 ? 'bad' : unseen ? 'wait' : 'ok'}>
              {found.length > 0 ? 'violated' : unseen ? 'unknown' : 'holds'}
            </StateBadge>
            <div>
              <p>
                <b>{name.replaceAll('_', ' ')}</b> <span className={classes['quiet']}>{sentence}</span>
              </p>
              {found.length > 0 && (
                <ul className={classes['findings']}>
                  {found.map(({ id, key, sentence: finding, since }) => (
                    <li key={id}>
                      <About id={key} /> {finding}{' '}
                      <small className={classes['quiet']}>
                        since <When at={since} />
                      </small>
                    </li>
                  ))}
                </ul>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  </Card>
);

const Stuck = ({ stuck }: Pick<Invariants, 'stuck'>) => (
  <Card title="Orders that wait for too long" flush={stuck.length > 0}>
    {stuck.length === 0 ? (
      <Empty title="No order is stuck">
        Every order has had its next step in time, or waits for a person.
      </Empty>
    ) : (
      <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table className={classes['table']}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>order</Table.Th>
              <Table.Th>status</Table.Th>
              <Table.Th>waits for</Table.Th>
              <Table.Th>was due</Table.Th>
              <Table.Th>events that have not taken effect</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {stuck.map(({ orderId, status, waitsFor, due, missing }) => (
              <Table.Tr key={orderId}>
                <Table.Td>
                  <About id={orderId} />
                </Table.Td>
                <Table.Td>{status}</Table.Td>
                <Table.Td>{waitsFor}</Table.Td>
                <Table.Td>
                  <When at={due} />
                </Table.Td>
                <Table.Td>{missing.join(', ') || 'none: see the log of the service'}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    )}
  </Card>
);

const shown = [
  ['orders', 'orders looked at'],
  ['charges', 'charges at the provider'],
  ['outboxRows', 'outbox rows'],
  ['topicRecords', 'records on the topics'],
  ['deliveriesUnderWay', 'deliveries not yet made'],
] as const;

const Figures = ({ report }: { report: Invariants }) => (
  <div className={classes['figures']}>
    {shown.map(([name, label]) => (
      <div key={name}>
        <small>{label}</small>
        <b>{formatNumber(report.figures[name] ?? 0)}</b>
      </div>
    ))}
    <div>
      <small>time it took</small>
      <b>{formatDuration(report.figures['durationMs'] ?? 0)}</b>
    </div>
  </div>
);

export const InvariantsPage = () => {
  const invariants = useQuery(invariantsQuery);
  const { data } = invariants;
  return (
    <Page
      title={data === undefined ? 'Invariants' : titleOf(data)}
      actions={<LiveMark state={liveStateOf(invariants)} />}
    >
      {invariants.isPending && <Loading lines={8} />}
      {invariants.isError && data === undefined && (
        <Failed error={invariants.error} retry={() => void invariants.refetch()} />
      )}
      {data !== undefined && (
        <>
          <PipelineTrouble>
            An event that has only just been committed is not counted as missing, so look here again later.
          </PipelineTrouble>
          <Figures report={data} />
          <Checks report={data} />
          <Stuck stuck={data.stuck} />
        </>
      )}
    </Page>
  );
};
