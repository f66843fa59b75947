// The saga as a table, with the same data as the timeline: for screen readers, and for exact numbers.
import { Table, UnstyledButton } from '@mantine/core';
import type { Story, StoryEvent } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { formatDuration } from '../../parts/format.ts';
import { StateBadge } from '../../parts/state-badge.tsx';
import classes from './saga-page.module.css';
import { serviceOf, describeOutcome } from './saga-labels.ts';

interface SagaTableProps {
  readonly story: Story;
  /** The start of the saga, in ms since the epoch. All times are shown relative to it. */
  readonly start: number;
  readonly select: (eventId: string, byKeyboard: boolean) => void;
}

const headers = ['Event', 'Producer', 'Committed', 'Outbox', 'Consumer', 'Kafka', 'Transaction', 'Outcome'];
const numeric = ['Committed', 'Outbox', 'Kafka', 'Transaction'];

/** The table rows of an event, one per consumer. Only the first row shows the columns of the event itself. */
const rowsOf = (event: StoryEvent, start: number): (readonly string[])[] => {
  const published = Math.max(event.publishedAt ?? 0, event.committedAt);
  const eventCells = [
    event.emittedBy,
    `+${formatDuration(event.committedAt - start)}`,
    event.publishedAt === null ? '' : formatDuration(published - event.committedAt),
  ];
  if (event.consumptions.length === 0) return [[...eventCells, '', '', '']];
  return event.consumptions.map(({ consumer, receivedAt, committedAt }, index) => [
    ...(index === 0 ? eventCells : ['', '', '']),
    serviceOf(consumer),
    formatDuration(Math.max(0, receivedAt - published)),
    formatDuration(committedAt - receivedAt),
  ]);
};

const Outcome = ({ outcome }: { outcome: string | undefined }) => {
  if (outcome === undefined) return <StateBadge tone="wait">not consumed yet</StateBadge>;
  const { label, tone } = describeOutcome(outcome);
  return <StateBadge tone={tone}>{label}</StateBadge>;
};

export const SagaTable = ({ story, start, select }: SagaTableProps) => (
  <Card title="Events and consumers" flush>
    <Table.ScrollContainer minWidth={760} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table className={classes['table']}>
        <Table.Thead>
          <Table.Tr>
            {headers.map((header) => (
              <Table.Th key={header} className={numeric.includes(header) ? classes['number'] : undefined}>
                {header}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {story.events.flatMap((event) =>
            rowsOf(event, start).map((cells, row) => (
              <Table.Tr key={`${event.id}/${row}`}>
                <Table.Td>
                  {row === 0 && (
                    <UnstyledButton
                      className={classes['open']}
                      onClick={({ detail }) => select(event.id, detail === 0)}
                    >
                      {event.eventType}
                    </UnstyledButton>
                  )}
                </Table.Td>
                {cells.map((cell, column) => (
                  <Table.Td
                    key={headers[column + 1]}
                    className={numeric.includes(headers[column + 1] ?? '') ? classes['number'] : undefined}
                  >
                    {cell}
                  </Table.Td>
                ))}
                <Table.Td>
                  <Outcome outcome={event.consumptions[row]?.outcome} />
                </Table.Td>
              </Table.Tr>
            )),
          )}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  </Card>
);
