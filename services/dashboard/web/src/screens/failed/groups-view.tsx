// All causes of all services, the largest first. A service that does not answer is named; the others are shown.
import { useQueries } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { deadLetterGroupsQuery } from '../../api/admin-queries.ts';
import { Problem } from '../../api/request.ts';
import type { DeadLetterState } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { LiveMark, type LiveState } from '../../parts/live-mark.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty, Failed, Loading } from '../../parts/states.tsx';
import { messages, serviceName } from './cause.ts';
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

/** Live while each service that has answered still answers. */
const liveStateOfAll = (answers: ReturnType<typeof useGroups>['answers']): LiveState => {
  const answered = answers.filter(({ query }) => query.data !== undefined);
  if (answered.length === 0) return { kind: 'connecting' };
  const stale = answered.filter(({ query }) => query.isError);
  if (stale.length === 0) return { kind: 'live' };
  const since = Math.min(...stale.map(({ query }) => query.dataUpdatedAt));
  return { kind: 'stale', since: new Date(since).toISOString() };
};

const titleOf = (state: DeadLetterState, count: number, causes: number): string => {
  if (state !== 'parked') return state === 'replayed' ? 'Replayed messages' : 'Archived messages';
  return count === 0
    ? 'Failed messages'
    : `${messages(count)} failed, ${causes} ${causes === 1 ? 'cause' : 'causes'}`;
};

interface ViewProps {
  readonly replays: GroupReplays;
  readonly onReplay: (group: Group) => void;
}

const askingAgain = new Problem(0, { title: 'It is asked again', detail: 'It is asked again' });

const Causes = ({ answers, groups, replays, onReplay }: ReturnType<typeof useGroups> & ViewProps) => {
  // A query without data counts as pending while it is asked again; the notice of its service must not come and go with that.
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
              ? 'does not answer. Its failed messages are missing here.'
              : 'does not answer now. Its failed messages may have changed.'}
          </p>
          <Failed
            error={query.error ?? query.failureReason ?? askingAgain}
            retry={() => void query.refetch()}
          />
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
            title={
              failed.length === 0 ? 'Nothing has failed' : 'Nothing has failed in the services that answer'
            }
          >
            A message that a service cannot handle is kept here, with its error. The others go on.
          </Empty>
        )}
        {failed.length === answers.length && groups.length === 0 && (
          <Empty title="No service answers">Failed messages are kept by the services. None is lost.</Empty>
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
          Nothing is lost: each waits here, its order stands still, all others go on.
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
