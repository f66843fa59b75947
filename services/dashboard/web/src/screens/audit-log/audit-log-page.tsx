// The audit log of a service, newest entry first, with the verification of its hash chain. The URL contains the service and the
// filters.
import { SegmentedControl } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, getRouteApi } from '@tanstack/react-router';
import { auditQuery } from '../../api/admin-queries.ts';
import { Card } from '../../parts/card.tsx';
import { liveStateOf, LiveMark } from '../../parts/live-mark.tsx';
import { Page } from '../../parts/page.tsx';
import { ShowMore } from '../../parts/show-more.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import { useNow } from '../../parts/when.tsx';
import { AuditLine } from './audit-entry.tsx';
import { AuditFilters } from './audit-filters.tsx';
import classes from './audit-log-page.module.css';
import { toAuditSearch, type AuditSearch } from './audit-search.ts';
import { Verification } from './verification.tsx';
import { serviceNames } from '../../parts/service-names.ts';

const auditLogRoute = getRouteApi('/audit-log');

export const AuditLogPage = () => {
  const search = auditLogRoute.useSearch();
  const { service = 'order', ...filters } = search;
  const navigate = useNavigate({ from: '/audit-log' });
  const query = useInfiniteQuery(auditQuery(service, filters));
  const now = useNow(15_000);
  const entries = query.data?.pages.flatMap(({ data }) => data) ?? [];
  const isFiltered = Object.keys(filters).length > 0;
  const changeSearch = (next: AuditSearch): void => void navigate({ search: next, resetScroll: false });
  return (
    <Page
      title="Audit log"
      actions={
        <>
          <LiveMark state={liveStateOf(query)} />
          <SegmentedControl
            aria-label="Service"
            value={service}
            // Each service has its own actions, so the action filter is dropped.
            onChange={(value) =>
              changeSearch(toAuditSearch({ ...search, action: undefined, service: value }))
            }
            data={serviceNames.map((name) => ({ value: name, label: name }))}
          />
        </>
      }
    >
      <Verification key={service} service={service} />
      <Card flush>
        <AuditFilters service={service} search={search} onChange={changeSearch} />
        {query.isPending && <Loading lines={8} />}
        {query.isError && query.data === undefined && (
          <div className={classes['failed']}>
            <ErrorMessage error={query.error} retry={() => void query.refetch()} />
          </div>
        )}
        {query.isSuccess && entries.length === 0 && (
          <Empty title={isFiltered ? 'No entries found' : 'No entries yet'}>
            {isFiltered
              ? 'Remove a filter or select another service.'
              : `User actions in the ${service} service will appear here, including refused actions.`}
          </Empty>
        )}
        <ol className={classes['entries']} aria-label={`Audit log of the ${service} service`}>
          {entries.map((entry) => (
            <AuditLine key={`${service} ${entry.id}`} entry={entry} now={now} />
          ))}
        </ol>
      </Card>
      <ShowMore query={query}>Show older entries</ShowMore>
    </Page>
  );
};
