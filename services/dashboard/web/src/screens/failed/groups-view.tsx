// The causes of all services, the most frequent first. A service that does not respond is named; the others are still shown.
import { useQueries } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { deadLetterGroupsQuery } from '../../api/admin-queries.ts';
import { Problem } from '../../api/request.ts';
import type { DeadLetterState } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { LiveMark, type LiveState } from '../../parts/live-mark.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty, Failed, Loading } from '../../parts/states.tsx';
import { deadLetters, serviceName } from './cause.ts';
import { services } from './failed-search.ts';
import classes from './failed.module.css';
import { GroupRow } from './group-row.tsx';
import { StateFilter } from './letter-state.tsx';
import { LettersTable } from './letters-table.tsx';
import type { Group, GroupReplays } from './replay/use-group-replay.ts';
import { ServiceMark } from './service-mark.tsx';

const useGroups = () => {
  const queries = useQueries({ queries: services.map(deadLetterGroupsQuery) });
  const answers = queries.map((query, index) => ({ query, service: services[index] ?? 'order' }));
  const groups = answers
    .flatMap(({ query, service }) => (query.data ?? []).map((group) => ({ ...group, service })))
    .toSorted((one, other) => other.count - one.count);
  return { answers, groups };
};

/** Live while every service that has responded before still responds. */
const liveStateOfAll = (answers: ReturnType<typeof useGroups>['answers']): LiveState => {
  const answered = answers.filter(({ query }) => query.data !== undefined);
  if (answered.length === 0) return { kind: 'connecting' };
  const stale = answered.filter(({ query }) => query.isError);
  if (stale.length === 0) return { kind: 'live' };
  const since = Math.min(...stale.map(({ query }) => query.dataUpdatedAt));
  return { kind: 'stale', since: new Date(since).toISOString() };
};

const titleOf = (state: DeadLetterState, count: number, causes: number): string => {
  if (state !== 'parked') return state === 'replayed' ? 'Replayed dead letters' : 'Archived dead letters';
  return count === 0
    ? 'Dead letters'
    : `${deadLetters(count)}, ${causes} ${causes === 1 ? 'cause' : 'causes'}`;
};

interface ViewProps {
  readonly replays: GroupReplays;
  readonly onReplay: (group: Group) => void;
}

const retrying = new Problem(0, { title: 'Retrying', detail: 'Retrying' });

const Causes = ({ answers, groups, replays, onReplay }: ReturnType<typeof useGroups> & ViewProps) => {
  // A query without data is pending during a refetch. The notice about its service must not disappear meanwhile.
  const failed = answers.filter(
    ({ query }) => query.isError || (query.data === undefined && query.errorUpdateCount > 0),
  );
  const isPending = answers.some((answer) => answer.query.isPending && !failed.includes(answer));
  return (
    <>
      {failed.map(({ service, query }) => (
        <section key={service} className={classes['away']} aria-label={`The ${service} service`}>
          <p>
            <ServiceMark service={service} />{' '}
            {query.data === undefined
              ? 'is not responding. Its dead letters are not shown.'
              : 'is not responding. Its dead letters may be out of date.'}
          </p>
          <Failed error={query.error ?? query.failureReason ?? retrying} retry={() => void query.refetch()} />
        </section>
      ))}
      <Card flush>
        {groups.length > 0 && (
          <ul className={classes['groups']} aria-label="Causes">
            {groups.map((group) => (
              <GroupRow
                key={`${group.service} ${group.fingerprint}`}
                group={group}
                share={group.count / (groups[0]?.count ?? 1)}
                disabled={replays.isRunning}
                onReplay={onReplay}
              />
            ))}
          </ul>
        )}
        {isPending && <Loading lines={groups.length === 0 ? 6 : 1} />}
        {groups.length === 0 && !isPending && failed.length < answers.length && (
          <Empty
            title={failed.length === 0 ? 'No dead letters' : 'No dead letters in the services that respond'}
          >
            An event that a service cannot handle appears here with its error. Other events are not affected.
          </Empty>
        )}
        {failed.length === answers.length && groups.length === 0 && (
          <Empty title="No service is responding">The services store the dead letters. None is lost.</Empty>
        )}
      </Card>
    </>
  );
};

export const GroupsView = ({ state, ...view }: ViewProps & { readonly state: DeadLetterState }) => {
  const navigate = useNavigate({ from: '/failed' });
  const { answers, groups } = useGroups();
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  return (
    <Page
      title={titleOf(state, count, groups.length)}
      actions={
        <>
          <LiveMark state={liveStateOfAll(answers)} />
          <StateFilter
            state={state}
            onChange={(next) => void navigate({ search: next === 'parked' ? {} : { state: next } })}
          />
        </>
      }
    >
      {count > 0 && state === 'parked' && (
        <p className={classes['sub']}>
          No event is lost. Each dead letter delays only its own order until it is replayed.
        </p>
      )}
      {state === 'parked' ? (
        <Causes answers={answers} groups={groups} {...view} />
      ) : (
        services.map((service) => (
          <Card key={service} flush title={`${serviceName(service)} service`}>
            <LettersTable service={service} state={state} />
          </Card>
        ))
      )}
    </Page>
  );
};
