// The dead letters of one service in one state, newest first, page by page. A fingerprint limits the list to one cause.
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { deadLettersQuery } from '../../api/admin-queries.ts';
import type { DeadLetterState, DeadLetterSummary, ServiceName } from '../../api/types.ts';
import { CopyId } from '../../parts/copy-id.tsx';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { formatCount, shortId } from '../../parts/format.ts';
import { ShowMore } from '../../parts/show-more.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import { When } from '../../parts/when.tsx';
import { eventTitle, messageOf } from './cause.ts';
import classes from './failed.module.css';
import type { FailedSearch } from './failed-search.ts';

interface LettersTableProps {
  readonly service: ServiceName;
  readonly state: DeadLetterState;
  readonly fingerprint?: string;
}

type Letter = DeadLetterSummary;
const error: Column<Letter> = {
  id: 'error',
  header: 'Error',
  value: (letter) => letter.error,
  cell: (letter) => <span className={classes['clamp']}>{messageOf(letter.error)}</span>,
};
const reason: Column<Letter> = {
  id: 'reason',
  header: 'Reason',
  value: ({ archiveReason }) => archiveReason,
  cell: ({ archiveReason }) => <span className={classes['clamp']}>{archiveReason}</span>,
};
const settled: Column<Letter> = {
  id: 'settled',
  header: 'Resolved',
  value: ({ settledAt }) => settledAt,
  cell: ({ settledAt }) => (
    <span className={classes['line']}>{settledAt !== null && <When at={settledAt} />}</span>
  ),
};
const key: Column<Letter> = {
  id: 'key',
  header: 'Key',
  value: (letter) => letter.key,
  cell: (letter) =>
    letter.key === null ? (
      '–'
    ) : (
      <span className={classes['line']}>
        <CopyId id={letter.key} />
      </span>
    ),
};
const failed: Column<Letter> = {
  id: 'failed',
  header: 'Failed',
  value: ({ failedAt }) => failedAt,
  cell: ({ failedAt }) => (
    <span className={classes['line']}>
      <When at={failedAt} />
    </span>
  ),
};
const replays: Column<Letter> = {
  id: 'replays',
  header: 'Replays',
  numeric: true,
  value: (letter) => letter.replays,
};
const position: Column<Letter> = {
  id: 'position',
  header: 'Position',
  value: ({ topic, partition, offset }) => `${topic}/${partition}/${offset}`,
  cell: ({ topic, partition, offset }) => (
    <span className={classes['position']}>
      {topic} <small>{`partition ${partition}, offset ${offset}`}</small>
    </span>
  ),
};

const columnsOf = ({ service, state, fingerprint }: LettersTableProps): readonly Column<Letter>[] => {
  const search: FailedSearch = {
    service,
    ...(fingerprint === undefined ? {} : { cause: fingerprint }),
    ...(state === 'parked' ? {} : { state }),
  };
  const message: Column<Letter> = {
    id: 'message',
    header: 'Event',
    value: ({ eventId, id }) => eventId ?? id,
    cell: ({ id, eventId, eventType }) => (
      <Link to="/failed" search={{ ...search, letter: id }} className={classes['message']}>
        <b>{eventTitle(eventType)}</b>
        <code>{shortId(eventId ?? id)}</code>
      </Link>
    ),
  };
  const lastColumns = { parked: [replays], replayed: [settled], archived: [reason, settled] }[state];
  // Instead of the key, a resolved dead letter shows when and, if archived, why it was resolved.
  return state === 'parked'
    ? [message, error, key, position, failed, ...lastColumns]
    : [message, error, position, failed, ...lastColumns];
};

const emptyTitles: Readonly<Record<DeadLetterState, string>> = {
  parked: 'No open dead letters with this cause',
  replayed: 'No replayed dead letters',
  archived: 'No archived dead letters',
};

export const LettersTable = ({ service, state, fingerprint }: LettersTableProps) => {
  const query = useInfiniteQuery(deadLettersQuery(service, state, fingerprint));
  const columns = useMemo(
    () => columnsOf({ service, state, ...(fingerprint === undefined ? {} : { fingerprint }) }),
    [service, state, fingerprint],
  );
  const letters = useMemo(() => query.data?.pages.flatMap(({ data }) => data) ?? [], [query.data]);
  return (
    <>
      {query.isPending && <Loading lines={5} />}
      {query.isError && <ErrorMessage error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && letters.length === 0 && fingerprint !== undefined && (
        <Empty title={emptyTitles[state]} />
      )}
      {query.isSuccess && letters.length === 0 && fingerprint === undefined && (
        <p className={classes['none']}>{emptyTitles[state]}.</p>
      )}
      {letters.length > 0 && (
        <DataTable
          label={`Dead letters of the ${service} service`}
          columns={columns}
          rows={letters}
          rowId={({ id }) => id}
          csv={`dead-letters-${service}-${state}`}
          minWidth={920}
          caption={`${query.hasNextPage ? 'The newest ' : ''}${formatCount(letters.length, 'dead letter')}`}
        />
      )}
      {query.hasNextPage && (
        <div className={classes['more']}>
          <ShowMore query={query}>Show more</ShowMore>
        </div>
      )}
    </>
  );
};
