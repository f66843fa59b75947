// The events of one order as a table: when each was committed, published and consumed. The auditor's read-story.ts reads the
// events.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  readStory,
  type Consumption,
  type Story,
  type StoryEvent,
} from '../../services/auditor/stories/read-story.ts';
import { connectDatabase } from '../../services/platform/database/database.ts';
import type { Trust } from '../../services/platform/process/security/pem.ts';
import { alignColumns } from '../operator/table.ts';
import { serviceNames, type ServiceName } from '../stack/topology.ts';

/** The fields of an event that the table shows. */
export interface JourneyEvent extends Pick<
  StoryEvent,
  'eventType' | 'emittedBy' | 'committedAt' | 'publishedAt'
> {
  readonly consumptions: readonly Pick<Consumption, 'consumer' | 'committedAt' | 'outcome'>[];
}

const ms = (value: number): string => `${String(Math.round(value))} ms`;

const firstCommit = (events: readonly JourneyEvent[]): number =>
  Math.min(...events.map(({ committedAt }) => committedAt));

/** One line per event and consumer. Commit times are relative to `start`, the other times to the commit of the event. */
export const formatJourney = (events: readonly JourneyEvent[], start = firstCommit(events)): string[] => {
  const rows = [...events]
    .sort((a, b) => a.committedAt - b.committedAt)
    .flatMap((event) => {
      const published =
        event.publishedAt === undefined ? '–' : `+${ms(Math.max(0, event.publishedAt - event.committedAt))}`;
      const eventCells = [event.eventType, event.emittedBy, ms(event.committedAt - start), published];
      const consumed = [...event.consumptions]
        .sort((a, b) => a.committedAt - b.committedAt)
        .map(({ consumer, committedAt, outcome }) => [
          `+${ms(Math.max(0, committedAt - event.committedAt))}`,
          `${consumer.replace(/-service-group$/, '')}${outcome === 'accepted' ? '' : ` (${outcome})`}`,
        ]);
      if (consumed.length === 0) return [[...eventCells, '–', 'not yet consumed']];
      return consumed.map((cells, index) => [...(index === 0 ? eventCells : ['', '', '', '']), ...cells]);
    });
  return alignColumns([['event', 'from', 'committed at', 'published', 'consumed', 'by'], ...rows], (column) =>
    [2, 3, 4].includes(column),
  );
};

/** The URL of each database, with a role that may read outbox and inbox, and its TLS settings; without `tls`, plain TCP. */
type DatabaseAccess = (service: ServiceName) => { readonly url: string; readonly tls?: Trust };

/** Opens connections, reads the story and closes them. */
export const loadStory = async (access: DatabaseAccess, id: string): Promise<Story> => {
  const open = (service: ServiceName) => {
    const { url, tls = false } = access(service);
    return connectDatabase(url, 'journey', { poolSize: 2, tls });
  };
  const connections = { order: open('order'), inventory: open('inventory'), payment: open('payment') };
  try {
    const { order, inventory, payment } = connections;
    return await readStory({ order: order.db, inventory: inventory.db, payment: payment.db }, id);
  } finally {
    await Promise.all(serviceNames.map((service) => connections[service].close(2)));
  }
};

/**
 * Reads the events of an order until each has at least one consumer and two consecutive reads find the same number of events and
 * consumptions, for about five seconds at most.
 */
export const readJourney = async (
  access: DatabaseAccess,
  orderId: string,
): Promise<readonly JourneyEvent[]> => {
  const deadline = performance.now() + 5_000;
  let lastCount = -1;
  for (;;) {
    const { events } = await loadStory(access, orderId);
    const count = events.reduce((sum, event) => sum + 1 + event.consumptions.length, 0);
    const settled =
      count === lastCount && events.length > 0 && events.every(({ consumptions }) => consumptions.length > 0);
    if (settled || performance.now() > deadline) return events;
    lastCount = count;
    await sleep(300);
  }
};
