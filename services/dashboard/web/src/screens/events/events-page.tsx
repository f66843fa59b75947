// The event catalogue: producer, consumers, fields and versions of every event. `?type=` selects the event, and `&from=1&to=2`
// the versions to compare.
import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, getRouteApi } from '@tanstack/react-router';
import { ArrowLeft, Search } from 'lucide-react';
import { useState } from 'react';
import { eventsQuery } from '../../api/admin-queries.ts';
import type { CatalogueEvent } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import { Code } from './code-text.tsx';
import { EventFlow } from './event-flow.tsx';
import { comparedVersions } from './events-search.ts';
import classes from './events-page.module.css';
import { FieldsTable } from './fields-table.tsx';
import { VersionChanges } from './version-changes.tsx';

const eventsRoute = getRouteApi('/events');

const EventList = ({
  events,
  openType,
}: {
  readonly events: readonly CatalogueEvent[];
  readonly openType: string | undefined;
}) => {
  const [searchText, setSearchText] = useState('');
  const searchedText = searchText.toLowerCase().trim();
  const found = events.filter(({ type, doc }) => `${type} ${doc}`.toLowerCase().includes(searchedText));
  const topics = [...new Set(found.map(({ topic }) => topic))];
  return (
    <nav aria-label="Events" className={classes['list']}>
      <TextInput
        aria-label="Search events"
        placeholder="Search events"
        leftSection={<Search size={15} aria-hidden="true" />}
        value={searchText}
        onChange={({ currentTarget: { value } }) => setSearchText(value)}
      />
      {found.length === 0 && <p className={classes['same']}>No events found. Try a different search.</p>}
      {topics.map((topic) => (
        <div key={topic}>
          <h2>{topic}</h2>
          {found
            .filter((event) => event.topic === topic)
            .map(({ type, versions }) => (
              <Link
                key={type}
                to="/events"
                search={{ type }}
                resetScroll={false}
                {...(type === openType ? { 'data-active': true, 'aria-current': 'page' as const } : {})}
              >
                <span>{type}</span>
                <small>v{versions.at(-1)?.version ?? 1}</small>
              </Link>
            ))}
        </div>
      ))}
    </nav>
  );
};

const Details = ({ event }: { event: CatalogueEvent }) => {
  const search = eventsRoute.useSearch();
  const navigate = useNavigate({ from: '/events' });
  const compared = comparedVersions(
    event.versions.map(({ version }) => version),
    search,
  );
  const latest = event.versions.at(-1);
  return (
    <article className={classes['details']} aria-label={event.type}>
      <Card>
        <div className={classes['head']}>
          <h2>{event.type}</h2>
          <p>
            <Code text={event.doc} />
          </p>
          <p className={classes['subject']}>
            Subject <CopyId id={event.subject} whole />
          </p>
        </div>
        <EventFlow event={event} />
      </Card>
      <VersionChanges
        event={event}
        compared={compared}
        onCompare={({ from, to }) =>
          void navigate({ search: { type: event.type, from, to }, resetScroll: false })
        }
      />
      {latest !== undefined && (
        <Card title="Fields" aside={`version ${latest.version}`} flush>
          <FieldsTable label={`Fields of ${event.type}`} fields={latest.fields} keyField={event.key} />
        </Card>
      )}
      {event.example !== null && event.example !== undefined && (
        <Card title="Example" aside="every version must be able to read this record">
          <pre className={classes['example']} tabIndex={0} aria-label="Example as JSON">
            {JSON.stringify(event.example, null, 2)}
          </pre>
        </Card>
      )}
    </article>
  );
};

export const EventsPage = () => {
  const { type } = eventsRoute.useSearch();
  const query = useQuery(eventsQuery);
  const events = query.data ?? [];
  const openEvent = type === undefined ? events[0] : events.find((event) => event.type === type);
  const consumers = new Set(events.flatMap((event) => event.readers.map(({ service }) => service)));
  return (
    <Page
      title="Events"
      beside={
        query.isSuccess && (
          <span className={classes['count']}>
            {events.length} events on {new Set(events.map(({ topic }) => topic)).size} topics, consumed by{' '}
            {consumers.size} services
          </span>
        )
      }
    >
      {query.isPending && (
        <Card flush>
          <Loading lines={8} />
        </Card>
      )}
      {query.isError && query.data === undefined && (
        <ErrorMessage error={query.error} retry={() => void query.refetch()} />
      )}
      {query.isSuccess && (
        <div className={classes['catalogue']} data-chosen={type !== undefined || undefined}>
          <EventList events={events} openType={openEvent?.type} />
          <div className={classes['chosen']}>
            <Link to="/events" className={classes['back']}>
              <ArrowLeft size={14} aria-hidden="true" /> All events
            </Link>
            {openEvent === undefined ? (
              <Card>
                <Empty title={`Event ${type ?? ''} not found`}>Choose an event from the list.</Empty>
              </Card>
            ) : (
              <Details key={openEvent.type} event={openEvent} />
            )}
          </div>
        </div>
      )}
    </Page>
  );
};
