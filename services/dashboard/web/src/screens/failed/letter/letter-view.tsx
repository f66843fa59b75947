// One dead letter: its error, body, headers and facts, and the buttons to replay or archive it.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Archive, RotateCcw, Route } from 'lucide-react';
import { useState } from 'react';
import { deadLetterQuery } from '../../../api/admin-queries.ts';
import type { DeadLetterState, ServiceName } from '../../../api/types.ts';
import { Card } from '../../../parts/card.tsx';
import { shortId } from '../../../parts/format.ts';
import { liveStateOf, LiveMark } from '../../../parts/live-mark.tsx';
import { Columns, Page } from '../../../parts/page.tsx';
import { ErrorMessage, Loading } from '../../../parts/states.tsx';
import { eventTitle, failureOf } from '../cause.ts';
import { LetterStateBadge } from '../letter-state.tsx';
import { ArchiveDialog } from './archive-dialog.tsx';
import { BodyCard, ErrorCard, HeadersCard } from './letter-content.tsx';
import { LetterFacts } from './letter-facts.tsx';
import classes from './letter.module.css';
import { describeReplay, useReplay } from './use-replay.ts';

interface LetterViewProps {
  readonly service: ServiceName;
  readonly id: string;
  /** The fingerprint of the cause from whose view the dead letter was opened; undefined if it was opened from elsewhere. */
  readonly fingerprint: string | undefined;
  readonly state: DeadLetterState;
}
export const LetterView = ({ service, id, fingerprint: openedFrom, state }: LetterViewProps) => {
  const query = useQuery(deadLetterQuery(service, id));
  const replay = useReplay(service, id);
  const [archiving, setArchiving] = useState(false);
  const letter = query.data;
  const eventId = letter?.eventId ?? null;
  const fingerprint = letter?.fingerprint ?? openedFrom;
  const isOpen = letter?.state === 'parked';
  const stateFilter = state === 'parked' ? {} : { state };
  return (
    <Page
      title={letter === undefined ? 'Dead letter' : eventTitle(letter.eventType)}
      crumb={
        <>
          <Link to="/failed" search={openedFrom === undefined ? stateFilter : {}}>
            Dead letters
          </Link>
          {fingerprint !== undefined && (
            <>
              {' / '}
              <Link
                to="/failed"
                search={{ service, cause: fingerprint, ...(openedFrom === undefined ? {} : stateFilter) }}
              >
                {service} {failureOf(fingerprint)}
              </Link>
            </>
          )}
          {` / ${shortId(id)}`}
        </>
      }
      beside={letter && <LetterStateBadge state={letter.state} />}
      actions={
        <>
          <LiveMark state={liveStateOf(query)} />
          {eventId !== null && (
            <Button
              variant="default"
              leftSection={<Route size={15} aria-hidden="true" />}
              renderRoot={(props) => (
                <Link {...props} to="/all-orders/$id" params={{ id: eventId }} search={{ event: eventId }} />
              )}
            >
              Open timeline
            </Button>
          )}
          {isOpen && (
            <>
              <Button
                variant="default"
                leftSection={<Archive size={15} aria-hidden="true" />}
                onClick={() => setArchiving(true)}
              >
                Archive…
              </Button>
              {/* No confirmation is needed: an event is handled at most once, and a dead letter that fails again stays open. */}
              <Button
                leftSection={<RotateCcw size={15} aria-hidden="true" />}
                loading={replay.isPending}
                onClick={() => replay.mutate()}
              >
                Replay
              </Button>
            </>
          )}
        </>
      }
    >
      <p role="status" className={classes['message']}>
        {replay.data === undefined ? '' : describeReplay(replay.data)}
      </p>
      {replay.error !== null && <ErrorMessage error={replay.error} />}
      {query.isPending && (
        <Card>
          <Loading lines={8} />
        </Card>
      )}
      {query.isError && <ErrorMessage error={query.error} retry={() => void query.refetch()} />}
      {letter !== undefined && (
        <Columns aside={<LetterFacts service={service} letter={letter} />}>
          <ErrorCard letter={letter} />
          <BodyCard letter={letter} />
          <HeadersCard headers={letter.headers} />
        </Columns>
      )}
      <ArchiveDialog service={service} id={id} opened={archiving} onClose={() => setArchiving(false)} />
    </Page>
  );
};
