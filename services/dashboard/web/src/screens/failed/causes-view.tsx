// The causes of all services, the most frequent first. A message names each service that does not respond; the causes of the other
// services are still shown.
import { useQueries } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { deadLetterCausesQuery } from '../../api/admin-queries.ts';
import { Problem } from '../../api/request.ts';
import type { DeadLetterState } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { LiveMark, type LiveState } from '../../parts/live-mark.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import { serviceTitle } from './cause.ts';
import classes from './failed.module.css';
import { CauseRow } from './cause-row.tsx';
import { StateFilter } from './letter-state.tsx';
import { LettersTable } from './letters-table.tsx';
import type { Cause, CauseReplays } from './replay/use-cause-replay.ts';
import { ServiceMark } from './service-mark.tsx';
import { formatCount } from '../../parts/format.ts';
import { serviceNames } from '../../parts/service-names.ts';

const useCauses = () => {
  const queries = useQueries({ queries: serviceNames.map(deadLetterCausesQuery) });
  const answers = queries.map((query, index) => ({ query, service: serviceNames[index] ?? 'order' }));
  const causes = answers
    .flatMap(({ query, service }) => (query.data ?? []).map((cause) => ({ ...cause, service })))
    .toSorted((a, b) => b.count - a.count);
  return { answers, causes };
};

/** `connecting` until a service responds; `stale` while a service that responded earlier does not respond; otherwise `live`. */
const liveStateOfAll = (answers: ReturnType<typeof useCauses>['answers']): LiveState => {
  const answered = answers.filter(({ query }) => query.data !== undefined);
  if (answered.length === 0) return { kind: 'connecting' };
  const stale = answered.filter(({ query }) => query.isError);
  if (stale.length === 0) return { kind: 'live' };
  const since = Math.min(...stale.map(({ query }) => query.dataUpdatedAt));
  return { kind: 'stale', since: new Date(since).toISOString() };
};

const titleOf = (state: DeadLetterState, letterCount: number, causeCount: number): string => {
  if (state !== 'parked') return state === 'replayed' ? 'Replayed dead letters' : 'Archived dead letters';
  return letterCount === 0
    ? 'Dead letters'
    : `${formatCount(letterCount, 'dead letter')}, ${causeCount} ${causeCount === 1 ? 'cause' : 'causes'}`;
};

interface ViewProps {
  readonly replays: CauseReplays;
  readonly onReplay: (cause: Cause) => void;
}

const retrying = new Problem(0, { title: 'Retrying', detail: 'Retrying' });

const CauseList = ({ answers, causes, replays, onReplay }: ReturnType<typeof useCauses> & ViewProps) => {
  // During a refetch, a query without data is `pending` and no longer `error`. The message about its service must stay visible.
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
          <ErrorMessage
            error={query.error ?? query.failureReason ?? retrying}
            retry={() => void query.refetch()}
          />
        </section>
      ))}
      <Card flush>
        {causes.length > 0 && (
          <ul className={classes['groups']} aria-label="Causes">
            {causes.map((cause) => (
              <CauseRow
                key={`${cause.service} ${cause.fingerprint}`}
                cause={cause}
                relativeCount={cause.count / (causes[0]?.count ?? 1)}
                disabled={replays.isRunning}
                onReplay={onReplay}
              />
            ))}
          </ul>
        )}
        {isPending && <Loading lines={causes.length === 0 ? 6 : 1} />}
        {causes.length === 0 && !isPending && failed.length < answers.length && (
          <Empty
            title={failed.length === 0 ? 'No dead letters' : 'No dead letters in the services that respond'}
          >
            An event that a service cannot handle appears here with its error. Other events are not affected.
          </Empty>
        )}
        {failed.length === answers.length && causes.length === 0 && (
          <Empty title="No service is responding">
            The dead letters are stored in the databases of the services. None is lost.
          </Empty>
        )}
      </Card>
    </>
  );
};

export const CausesView = ({ state, ...view }: ViewProps & { readonly state: DeadLetterState }) => {
  const navigate = useNavigate({ from: '/failed' });
  const { answers, causes } = useCauses();
  const count = causes.reduce((sum, cause) => sum + cause.count, 0);
  return (
    <Page
      title={titleOf(state, count, causes.length)}
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
          No event is lost. A dead letter delays only the order or product that the event belongs to, until
          the dead letter is replayed.
        </p>
      )}
      {state === 'parked' ? (
        <CauseList answers={answers} causes={causes} {...view} />
      ) : (
        serviceNames.map((service) => (
          <Card key={service} flush title={`${serviceTitle(service)} service`}>
            <LettersTable service={service} state={state} />
          </Card>
        ))
      )}
    </Page>
  );
};
