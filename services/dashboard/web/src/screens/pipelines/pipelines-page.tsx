// The pipelines, the most urgent first; below them the lag of the consumers and the history of problems.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { pipelinesQuery } from '../../api/admin-queries.ts';
import type { PipelinesOverview } from '../../api/types.ts';
import { LiveMark, liveStateOf } from '../../parts/live-mark.tsx';
import { Page } from '../../parts/page.tsx';
import { ErrorMessage, Loading } from '../../parts/states.tsx';
import { conditionOf } from './causes.ts';
import { ConsumerLag } from './consumer-lag.tsx';
import { IncidentHistory } from './incident-history.tsx';
import { PipelineCard } from './pipeline-card.tsx';

const titleOf = ({ pipelines }: PipelinesOverview): string => {
  const unhealthy = pipelines.filter((pipeline) => conditionOf(pipeline) !== 'healthy');
  const [first] = unhealthy;
  if (first === undefined) {
    const [late] = pipelines.filter(({ problems }) => problems.length > 0);
    return late === undefined
      ? 'All pipelines are healthy'
      : `All pipelines deliver events; ${late.connectorName} has a warning`;
  }
  return unhealthy.length === 1
    ? `${first.connectorName} is ${conditionOf(first)}`
    : `${unhealthy.length} pipelines need attention`;
};

const urgency = { broken: 0, paused: 1, healthy: 2 } as const;

export const PipelinesPage = () => {
  const overview = useQuery(pipelinesQuery);
  const { data } = overview;
  return (
    <Page
      title={data === undefined ? 'Pipelines' : titleOf(data)}
      actions={
        <>
          <LiveMark state={liveStateOf(overview)} />
          <Link to="/runbooks/$name" params={{ name: 'README' }}>
            Runbooks
          </Link>
        </>
      }
    >
      {overview.isPending && <Loading lines={8} />}
      {overview.isError && data === undefined && (
        <ErrorMessage error={overview.error} retry={() => void overview.refetch()} />
      )}
      {data?.pipelines
        .toSorted((a, b) => urgency[conditionOf(a)] - urgency[conditionOf(b)])
        .map((pipeline) => (
          <PipelineCard key={pipeline.service} pipeline={pipeline} />
        ))}
      {data !== undefined && <ConsumerLag groups={data.groups} />}
      <IncidentHistory />
    </Page>
  );
};
