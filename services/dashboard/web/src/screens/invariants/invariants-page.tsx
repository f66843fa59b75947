// The result of the last audit: whether each invariant holds, and the stuck orders.
import { Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { invariantsQuery } from '../../api/admin-queries.ts';
import type { Invariants } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { formatDuration, formatNumber, shortId } from '../../parts/format.ts';
import { waitTexts } from '../../parts/order-status.ts';
import { LiveMark, liveStateOf } from '../../parts/live-mark.tsx';
import { Page } from '../../parts/page.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import { When } from '../../parts/when.tsx';
import { PipelineWarning } from '../pipelines/pipeline-warning.tsx';
import classes from './invariants.module.css';

const titleOf = ({ violations, topicsRead }: Invariants): string => {
  const violatedCount = new Set(violations.map(({ invariant }) => invariant)).size;
  if (violatedCount === 0)
    return topicsRead ? 'All invariants hold' : 'No violation found, but Kafka could not be read';
  return violatedCount === 1 ? 'One invariant is violated' : `${violatedCount} invariants are violated`;
};

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

/** The key of a finding of these invariants is a product or an event without an outbox row; neither has a saga. */
const invariantsWithoutSaga: readonly string[] = ['no_oversell', 'stock_conserved', 'nothing_uncommitted'];

/** These invariants cannot be checked while Kafka does not answer. */
const kafkaInvariants: readonly string[] = ['outbox_published', 'nothing_uncommitted', 'inbox_complete'];

/** The id of an order, event or product, with a link to the saga if there is one. */
const Resource = ({ id, hasSaga = true }: { id: string; hasSaga?: boolean }) =>
  isUuid(id) && hasSaga ? (
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
        Checked <When at={report.checkedAt} />
      </>
    }
  >
    <ul className={classes['checks']}>
      {report.invariants.map(({ name, sentence }) => {
        const findings = report.violations.filter(({ invariant }) => invariant === name);
        const isUnknown = !report.topicsRead && kafkaInvariants.includes(name);
        return (
          <li key={name}>
            <StateBadge tone={findings.length > 0 ? 'bad' : isUnknown ? 'wait' : 'ok'}>
              {findings.length > 0 ? 'violated' : isUnknown ? 'unknown' : 'holds'}
            </StateBadge>
            <div>
              <p>
                <b>{name.replaceAll('_', ' ')}</b> <span className={classes['quiet']}>{sentence}</span>
              </p>
              {findings.length > 0 && (
                <ul className={classes['findings']}>
                  {findings.map(({ id, key, sentence: finding, since }) => (
                    <li key={id}>
                      <Resource id={key} hasSaga={!invariantsWithoutSaga.includes(name)} /> {finding}{' '}
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
  <Card title="Stuck orders" flush={stuck.length > 0}>
    {stuck.length === 0 ? (
      <Empty title="No stuck orders">Every order is on time, or waits for a customer or a seller.</Empty>
    ) : (
      <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table className={classes['table']}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Order</Table.Th>
              <Table.Th>Status</Table.Th>
              <Table.Th>Waiting for</Table.Th>
              <Table.Th>Due</Table.Th>
              <Table.Th>Events without effect</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {stuck.map(({ orderId, status, waitsFor, due, missing }) => (
              <Table.Tr key={orderId}>
                <Table.Td>
                  <Resource id={orderId} />
                </Table.Td>
                <Table.Td>{status}</Table.Td>
                <Table.Td>{waitTexts[waitsFor]}</Table.Td>
                <Table.Td>
                  <When at={due} />
                </Table.Td>
                <Table.Td>{missing.join(', ') || 'None. See the service log.'}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    )}
  </Card>
);

const metrics = [
  ['orders', 'Orders checked'],
  ['charges', 'Provider charges'],
  ['outboxRows', 'Outbox rows'],
  ['topicRecords', 'Topic records'],
  ['deliveriesUnderWay', 'Pending deliveries'],
] as const;

const Metrics = ({ report }: { report: Invariants }) => (
  <div className={classes['figures']}>
    {metrics.map(([name, label]) => (
      <div key={name}>
        <small>{label}</small>
        <b>{formatNumber(report.figures[name] ?? 0)}</b>
      </div>
    ))}
    <div>
      <small>Duration</small>
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
        <ErrorMessage error={invariants.error} retry={() => void invariants.refetch()} />
      )}
      {data !== undefined && (
        <>
          <PipelineWarning>
            Events that were committed only recently do not count as missing yet. Check again later.
          </PipelineWarning>
          <Metrics report={data} />
          <Checks report={data} />
          <Stuck stuck={data.stuck} />
        </>
      )}
    </Page>
  );
};
