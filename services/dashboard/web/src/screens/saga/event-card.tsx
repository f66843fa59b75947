// The details of one event: its steps through the system, its position on the topic, its ids and its decoded body.
import { CloseButton, Table } from '@mantine/core';
import type { StoryEvent } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { formatDuration } from '../../parts/format.ts';
import { StateBadge } from '../../parts/state-badge.tsx';
import classes from './saga-page.module.css';
import { describeDuplicates, describeOutcome, serviceOf } from './saga-labels.ts';

interface StepsProps {
  readonly event: StoryEvent;
  /** The start of the saga, in ms since the epoch. All times are shown relative to it. */
  readonly start: number;
}

const Steps = ({ event, start }: StepsProps) => {
  const sinceStart = (time: number): string => `+${formatDuration(Math.max(0, time - start))}`;
  const published = event.publishedAt === null ? null : Math.max(event.publishedAt, event.committedAt);
  return (
    <Table className={classes['table']}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Step</Table.Th>
          <Table.Th>Where</Table.Th>
          <Table.Th className={classes['number']}>Time</Table.Th>
          <Table.Th className={classes['number']}>Duration</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        <Table.Tr>
          <Table.Td>committed</Table.Td>
          <Table.Td>{event.emittedBy}-db</Table.Td>
          <Table.Td className={classes['number']}>{sinceStart(event.committedAt)}</Table.Td>
          <Table.Td className={classes['number']}>
            {formatDuration(Math.max(0, event.committedAt - event.occurredAt))}
          </Table.Td>
        </Table.Tr>
        {published !== null && (
          <Table.Tr>
            <Table.Td>published</Table.Td>
            <Table.Td>{event.emittedBy}-outbox</Table.Td>
            <Table.Td className={classes['number']}>{sinceStart(published)}</Table.Td>
            <Table.Td className={classes['number']}>{formatDuration(published - event.committedAt)}</Table.Td>
          </Table.Tr>
        )}
        {event.consumptions.map(({ consumer, receivedAt, committedAt, outcome, attempts, duplicates }) => {
          const { label, tone } = describeOutcome(outcome);
          return (
            <Table.Tr key={consumer}>
              <Table.Td>
                <StateBadge tone={tone}>{label}</StateBadge>
                {attempts > 1 && ` after ${attempts} attempts`} by {serviceOf(consumer)}
                {duplicates > 0 && `, ${describeDuplicates(duplicates)} without effect`}
              </Table.Td>
              <Table.Td>{consumer}</Table.Td>
              <Table.Td className={classes['number']}>{sinceStart(receivedAt)}</Table.Td>
              <Table.Td className={classes['number']}>{formatDuration(committedAt - receivedAt)}</Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
};

interface EventCardProps extends StepsProps {
  readonly focusRef: React.Ref<HTMLElement>;
  readonly close: () => void;
}

export const EventCard = ({ event, start, focusRef, close }: EventCardProps) => {
  const { position } = event;
  const [, traceId] = event.traceparent.split('-');
  return (
    <Card
      title={event.eventType}
      focusRef={focusRef}
      aside={
        <span className={classes['aside']}>
          <span>
            {position === null
              ? 'Not consumed yet'
              : `${position.topic} · partition ${position.partition} · offset ${position.offset}`}
          </span>
          <CloseButton aria-label="Close the event" onClick={close} />
        </span>
      }
    >
      <div className={classes['event']}>
        <div className={classes['progress']}>
          <Steps event={event} start={start} />
          <dl className={classes['facts']}>
            <dt>Event id</dt>
            <dd>
              <CopyId id={event.id} />
            </dd>
            <dt>Causation id</dt>
            <dd>
              <CopyId id={event.causationId} />
            </dd>
            <dt>Correlation id</dt>
            <dd>
              <CopyId id={event.correlationId} />
            </dd>
            {traceId !== undefined && (
              <>
                <dt>Trace id</dt>
                <dd>
                  <CopyId id={traceId} />
                </dd>
              </>
            )}
            <dt>Key</dt>
            <dd>
              <CopyId id={event.key} />
            </dd>
            <dt>Schema id</dt>
            <dd>{event.schemaId}</dd>
          </dl>
        </div>
        {event.undecodable === null ? (
          <pre className={classes['body']} tabIndex={0} aria-label="Decoded event">
            {JSON.stringify(event.data, null, 2)}
          </pre>
        ) : (
          <p className={classes['undecodable']}>The body could not be decoded: {event.undecodable}</p>
        )}
      </div>
    </Card>
  );
};
