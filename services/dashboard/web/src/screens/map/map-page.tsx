// The home page of an administrator: the rates and latencies of orders, the problems with their remedies, the system map, and the
// number of orders that reached each status.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { healthQuery } from '../../api/queries.ts';
import { flowQuery, pipelinesQuery } from '../../api/admin-queries.ts';
import type { Flow, PipelineProblem } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { formatCount, formatDuration, formatNumber } from '../../parts/format.ts';
import { LiveMark, liveStateOf } from '../../parts/live-mark.tsx';
import { describeReason } from '../../parts/order-status.ts';
import { Page } from '../../parts/page.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { ErrorMessage, Loading } from '../../parts/states.tsx';
import { causesOf, toneOf } from '../pipelines/causes.ts';
import { ProblemDetails } from '../pipelines/problem-details.tsx';
import { headlineOf, mapOf } from './map-model.ts';
import classes from './map.module.css';
import { SystemMap } from './system-map.tsx';

interface MetricProps {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  readonly missed?: boolean;
}
const Metric = ({ label, value, note, missed = false }: MetricProps) => (
  <div className={classes['figure']} data-missed={missed}>
    <small>{label}</small>
    <b>{value}</b>
    <span>{note}</span>
  </div>
);

/**
 * The share of orders that must be in time, as in connectors/alerts/slo.yml. The alerts also count orders that are CANCELLED
 * within 2 s; this page leaves them out.
 */
const objective = 0.99;

const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${((100 * part) / whole).toFixed(part === whole ? 0 : 1)} %`;

const Metrics = ({ orders }: Pick<Flow, 'orders'>) => {
  const { toPaidMs, paidInTime, dueForPayment, waiting, windowMinutes } = orders;
  const formatLatency = (ms: number | undefined): string => (ms === undefined ? '–' : formatDuration(ms));
  return (
    <div className={classes['figures']}>
      <Metric
        label="Orders in the last minute"
        value={formatNumber(orders.placedLastMinute)}
        note={`${formatNumber(orders.placed)} in ${windowMinutes} minutes`}
      />
      <Metric
        label="Placed → PAID, p50"
        value={formatLatency(toPaidMs?.p50)}
        note="orders that are paid automatically"
      />
      <Metric
        label="Placed → PAID, p99"
        value={formatLatency(toPaidMs?.p99)}
        note={`p95 ${formatLatency(toPaidMs?.p95)}`}
      />
      <Metric
        label="PAID within 2 s"
        value={percent(paidInTime, dueForPayment)}
        note={`${formatNumber(paidInTime)} of ${formatNumber(dueForPayment)}; objective 99 %`}
        missed={paidInTime < dueForPayment * objective}
      />
      <Metric
        label="Late orders"
        value={formatNumber(waiting.orders)}
        note={waiting.orders === 0 ? 'none' : `oldest waiting for ${formatDuration(waiting.oldestMs)}`}
        missed={waiting.orders > 0}
      />
    </div>
  );
};

const Funnel = ({ orders }: Pick<Flow, 'orders'>) => {
  const steps = [
    ['placed', orders.placed],
    ['confirmed', orders.confirmed],
    ['paid', orders.paid],
    ['fulfilled', orders.fulfilled],
  ] as const;
  return (
    <Card title={`Orders in the last ${orders.windowMinutes} minutes`}>
      <ul className={classes['funnel']}>
        {steps.map(([step, count]) => (
          <li key={step}>
            <span>{step}</span>
            <i aria-hidden="true">
              <i style={{ width: `${orders.placed === 0 ? 0 : (100 * count) / orders.placed}%` }} />
            </i>
            <b>{formatNumber(count)}</b>
          </li>
        ))}
        {orders.cancelled.map(({ reason, orders: count }) => (
          <li key={reason} data-cancelled>
            <span>cancelled: {describeReason(reason)}</span>
            <i aria-hidden="true">
              <i style={{ width: `${orders.placed === 0 ? 0 : (100 * count) / orders.placed}%` }} />
            </i>
            <b>{formatNumber(count)}</b>
          </li>
        ))}
      </ul>
    </Card>
  );
};

/** With these problems, events still arrive. */
const harmlessNow: readonly string[] = ['heartbeat_forbidden', 'slot_endangered'];

/** Whether a pipeline delays events while every service still works. A service does not work without its database. */
const delaysEvents = (problems: readonly PipelineProblem[]): boolean =>
  problems.some(({ level, problem }) => level === 'broken' && !harmlessNow.includes(problem)) &&
  problems.every(({ problem }) => problem !== 'database_away');

interface RemediesProps {
  readonly problems: readonly (PipelineProblem & { readonly connectorName: string })[];
  /** The number of orders with automatic payment that are open and unpaid after 2 s; undefined while it is unknown. */
  readonly lateOrders: number | undefined;
}
const Remedies = ({ problems, lateOrders }: RemediesProps) =>
  problems.length === 0 ? null : (
    <Card title="What to do" aside={<Link to="/pipelines">All pipelines</Link>}>
      {delaysEvents(problems) && (
        <p className={classes['effect']}>
          Customers can still place orders.{' '}
          {lateOrders === undefined
            ? ''
            : `${formatCount(lateOrders, 'order')} ${lateOrders === 1 ? 'is' : 'are'} late. `}
          Events stay in the outbox and are published after the repair, so nothing is lost.
        </p>
      )}
      <ul className={classes['remedies']}>
        {problems.map(({ connectorName, problem, level, sentence, remedy, since }) => (
          <li key={`${connectorName}/${problem}`}>
            <StateBadge tone={toneOf({ problem, level })}>{connectorName}</StateBadge>
            <ProblemDetails sentence={sentence} remedy={remedy} since={since} />
          </li>
        ))}
      </ul>
    </Card>
  );

export const MapPage = () => {
  const health = useQuery(healthQuery);
  const pipelines = useQuery(pipelinesQuery);
  const flow = useQuery(flowQuery);
  const map = useMemo(
    () => mapOf({ health: health.data, pipelines: pipelines.data, flow: flow.data }),
    [health.data, pipelines.data, flow.data],
  );
  const problems = pipelines.data?.pipelines.flatMap((pipeline) =>
    causesOf(pipeline.problems).map((problem) => ({ ...problem, connectorName: pipeline.connectorName })),
  );
  return (
    <Page title={headlineOf(map)} actions={<LiveMark state={liveStateOf(health)} />}>
      {flow.data === undefined ? (
        flow.isError ? (
          <ErrorMessage error={flow.error} />
        ) : (
          <Loading lines={2} />
        )
      ) : (
        <Metrics orders={flow.data.orders} />
      )}
      <Remedies problems={problems ?? []} lateOrders={flow.data?.orders.waiting.orders} />
      <Card flush>
        <SystemMap map={map} />
      </Card>
      {flow.data !== undefined && <Funnel orders={flow.data.orders} />}
    </Page>
  );
};
