// One pipeline from the outbox through the replication slot and the connector to the topic, with its problems and their remedies.
import { ArrowRight } from 'lucide-react';
import { useMemo } from 'react';
import type { Pipeline, PipelineProblem } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { formatBytes, formatCount, formatDuration, formatNumber } from '../../parts/format.ts';
import { LineChart } from '../../parts/line-chart.tsx';
import { StateBadge, type Tone } from '../../parts/state-badge.tsx';
import { causesOf, toneOf } from './causes.ts';
import { ConnectorDrift } from './connector-drift.tsx';
import { ConnectorActions } from './connector-actions.tsx';
import classes from './pipelines.module.css';
import { ProblemDetails } from './problem-details.tsx';

const connectorTones: Readonly<Record<Pipeline['connector']['state'], Tone>> = {
  running: 'ok',
  paused: 'wait',
  idle: 'wait',
  unknown: 'wait',
  failed: 'bad',
  absent: 'bad',
};

const Stage = ({ title, children }: { title: string; children: React.ReactNode }) => (
  <div className={classes['stage']}>
    <small>{title}</small>
    {children}
  </div>
);

const Arrow = () => <ArrowRight className={classes['arrow']} size={16} aria-hidden="true" />;

const Slot = ({ slot, problems }: Pick<Pipeline, 'slot' | 'problems'>) =>
  slot === null ? (
    <StateBadge tone="bad">
      {problems.some(({ problem }) => problem === 'slot_missing') ? 'missing' : 'unknown'}
    </StateBadge>
  ) : (
    <>
      <StateBadge tone={slot.walStatus === 'lost' ? 'bad' : slot.active ? 'ok' : 'wait'}>
        {slot.walStatus === 'lost' ? 'lost' : slot.active ? 'active' : 'inactive'}
      </StateBadge>
      <span>
        {formatBytes(slot.retainedBytes ?? 0)} WAL retained
        {slot.safeBytes === null ? '' : `, ${formatBytes(slot.safeBytes)} until the limit`}
      </span>
    </>
  );

const Flow = ({ pipeline }: { pipeline: Pipeline }) => {
  const { outbox, slot, connector, canary, problems } = pipeline;
  return (
    <div className={classes['flow']}>
      <Stage title="Outbox">
        <b>{outbox === null ? 'unknown' : formatCount(outbox.rows, 'row')}</b>
        <span>{outbox === null ? '' : `${formatBytes(outbox.bytes)}, including published rows`}</span>
      </Stage>
      <Arrow />
      <Stage title="Replication slot">
        <Slot slot={slot} problems={problems} />
      </Stage>
      <Arrow />
      <Stage title="Connector">
        <StateBadge tone={connectorTones[connector.state]}>{connector.state}</StateBadge>
        <span className={classes['why']} title={connector.why ?? ''}>
          {connector.why?.split('\n')[0] ?? ''}
        </span>
      </Stage>
      <Arrow />
      <Stage title="Canary round trip">
        <b>{canary.roundTripMs === null ? '–' : formatDuration(canary.roundTripMs)}</b>
        <span>
          {canary.waitingMs > 1_000
            ? `the oldest canary has been under way for ${formatDuration(canary.waitingMs)}`
            : `${formatNumber(canary.sent)} test events sent${canary.lost === 0 ? '' : `, ${formatNumber(canary.lost)} of them lost`}`}
        </span>
      </Stage>
    </div>
  );
};

const Problem = ({ problem, level, sentence, remedy, since }: PipelineProblem) => {
  const tone = toneOf({ problem, level });
  return (
    <li className={classes['problem']} data-tone={tone}>
      <StateBadge tone={tone}>{problem.replaceAll('_', ' ')}</StateBadge>
      <ProblemDetails sentence={sentence} remedy={remedy} since={since} />
    </li>
  );
};

const Watchdog = ({ watchdog }: Pick<Pipeline, 'watchdog'>) => {
  if (watchdog.gaveUp) return <StateBadge tone="bad">Watchdog gave up</StateBadge>;
  if (watchdog.restarts === 0) return null;
  return (
    <StateBadge tone="wait">
      Restarted {watchdog.restarts === 1 ? 'once' : `${watchdog.restarts} times`} by the watchdog
    </StateBadge>
  );
};

export const PipelineCard = ({ pipeline }: { pipeline: Pipeline }) => {
  const { connectorName, problems, samples, watchdog } = pipeline;
  const causes = causesOf(problems);
  const points = useMemo(() => samples.map(({ at, roundTripMs }) => ({ at, value: roundTripMs })), [samples]);
  const longest = Math.max(0, ...points.map(({ value }) => value ?? 0));
  const periodMs = (points.at(-1)?.at ?? 0) - (points[0]?.at ?? 0);
  return (
    <Card
      title={connectorName}
      aside={
        <span className={classes['actions']}>
          <Watchdog watchdog={watchdog} />
          <ConnectorActions pipeline={pipeline} />
        </span>
      }
    >
      <div className={classes['pipeline']}>
        {problems.length > 0 && (
          <ul className={classes['problems']} aria-label={`Problems of ${connectorName}`}>
            {causes.map((problem) => (
              <Problem key={problem.problem} {...problem} />
            ))}
          </ul>
        )}
        {causes.length < problems.length && (
          <details className={classes['quiet']}>
            <summary>Consequences</summary>
            <ul className={classes['problems']}>
              {problems
                .filter((problem) => !causes.includes(problem))
                .map((problem) => (
                  <Problem key={problem.problem} {...problem} />
                ))}
            </ul>
          </details>
        )}
        <Flow pipeline={pipeline} />
        <ConnectorDrift pipeline={pipeline} />
        <p className={classes['chart']}>Canary round trip (test events that no service reads)</p>
        <LineChart
          label={`Canary round trip through ${connectorName}: ${formatDuration(points.at(-1)?.value ?? 0)} now, maximum ${formatDuration(longest)} in the last ${formatDuration(periodMs)}.`}
          points={points}
          format={formatDuration}
        />
      </div>
    </Card>
  );
};
