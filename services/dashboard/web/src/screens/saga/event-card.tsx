// One event, whole: its way through the system, where it is on its topic, what caused it, and its decoded body.
import { Table } from '@mantine/core';
import type { StoryEvent } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { formatDuration } from '../../parts/format.ts';
import { StateBadge } from '../../parts/state-badge.tsx';
import classes from './saga-page.module.css';
import { serviceOf, wordsOfOutcome } from './saga-words.ts';

interface EventCardProps {
  readonly event: StoryEvent;
  /** What times count from, ms since the epoch. */
  readonly start: number;
}

const Way = ({ event, start }: EventCardProps) => {
  const since = (time: number): string => `+${formatDuration(Math.max(0, time - start))}`;
  const published = event.publishedAt === null ? null : Math.max(event.publishedAt, event.committedAt);
  return (
    <Table className={classes['table']}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>step</Table.Th>
          <Table.Th>where</Table.Th>
          <Table.Th className={classes['number']}>at</Table.Th>
          <Table.Th className={classes['number']}>took</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        <Table.Tr>
          <Table.Td>committed</Table.Td>
          <Table.Td>{event.emittedBy}-db</Table.Td>
          <Table.Td className={classes['number']}>{since(event.committedAt)}</Table.Td>
          <Table.Td className={classes['number']}>
            {formatDuration(Math.max(0, event.committedAt - event.occurredAt))}
          </Table.Td>
        </Table.Tr>
        {published !== null && (
          <Table.Tr>
            <Table.Td>published</Table.Td>
            <Table.Td>{event.emittedBy}-outbox</Table.Td>
            <Table.Td className={classes['number']}>{since(published)}</Table.Td>
            <Table.Td className={classes['number']}>{formatDuration(published - event.committedAt)}</Table.Td>
          </Table.Tr>
        )}
        {event.consumptions.map(({ consumer, receivedAt, committedAt, outcome, attempts }) => {
          const { words, tone } = wordsOfOutcome(outcome);
          return (
            <Table.Tr key={consumer}>
              <Table.Td>
                <StateBadge tone={tone}>{words}</StateBadge>
                {attempts !== null && ` after ${attempts} attempts`} by {serviceOf(consumer)}
              </Table.Td>
              <Table.Td>{consumer}</Table.Td>
              <Table.Td className={classes['number']}>{since(receivedAt)}</Table.Td>
              <Table.Td className={classes['number']}>{formatDuration(committedAt - receivedAt)}</Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
};

export const EventCard = ({ event, start }: EventCardProps) => {
  const { position } = event;
  const [, traceId] = event.traceparent.split('-');
  return (
    <Card
      title={event.eventType}
      aside={
        position === null
          ? 'not consumed yet'
          : `${position.topic} · partition ${position.partition} · offset ${position.offset}`
      }
    >
      <div className={classes['event']}>
        <div className={classes['way']}>
          <Way event={event} start={start} />
          <dl className={classes['facts']}>
            <dt>event</dt>
            <dd>
              <CopyId id={event.id} />
            </dd>
            <dt>caused by</dt>
            <dd>
              <CopyId id={event.causationId} />
            </dd>
            <dt>correlation</dt>
            <dd>
              <CopyId id={event.correlationId} />
            </dd>
            {traceId !== undefined && (
              <>
                <dt>trace</dt>
                <dd>
                  <CopyId id={traceId} />
                </dd>
              </>
            )}
            <dt>key</dt>
            <dd>
              <CopyId id={event.key} />
            </dd>
            <dt>schema</dt>
            <dd>id {event.schemaId}</dd>
          </dl>
        </div>
        {event.undecodable === null ? (
          <pre className={classes['body']} tabIndex={0} aria-label="Decoded event">
            {JSON.stringify(event.data, null, 2)}
          </pre>
        ) : (
          <p className={classes['undecodable']}>The body cannot be decoded now: {event.undecodable}</p>
        )}
      </div>
    </Card>
  );
};
