// The journey of one order as a table for people: the auditor reads it (services/auditor/stories/read-story.ts).
import { setTimeout as sleep } from 'node:timers/promises';
import {
  readStory,
  type Consumption,
  type Story,
  type StoryEvent,
} from '../../services/auditor/stories/read-story.ts';
import { connectDatabase } from '../../services/platform/database/database.ts';
import type { Trust } from '../../services/platform/process/security/pem.ts';
import { serviceNames, type ServiceName } from '../stack/topology.ts';

/** What a line of the journey needs of an event. */
export interface Hop extends Pick<StoryEvent, 'eventType' | 'emittedBy' | 'committedAt' | 'publishedAt'> {
  readonly consumptions: readonly Pick<Consumption, 'consumer' | 'committedAt' | 'outcome'>[];
}

const ms = (value: number): string => `${String(Math.round(value))} ms`;

const firstCommit = (hops: readonly Hop[]): number => Math.min(...hops.map(({ committedAt }) => committedAt));

/**
 * One line per event and consumer: when it was committed, and how long it took to be published and to take effect. Times are
 * since `start`, the first commit when absent.
 */
export const formatJourney = (hops: readonly Hop[], start = firstCommit(hops)): string[] => {
  const rows = [...hops]
    .sort((a, b) => a.committedAt - b.committedAt)
    .flatMap((hop) => {
      const published =
        hop.publishedAt === undefined ? '–' : `+${ms(Math.max(0, hop.publishedAt - hop.committedAt))}`;
      const first = [hop.eventType, hop.emittedBy, ms(hop.committedAt - start), published];
      const consumed = [...hop.consumptions]
        .sort((a, b) => a.committedAt - b.committedAt)
        .map(({ consumer, committedAt, outcome }) => [
          `+${ms(Math.max(0, committedAt - hop.committedAt))}`,
          `${consumer.replace(/-service-group$/, '')}${outcome === 'accepted' ? '' : ` (${outcome})`}`,
        ]);
      if (consumed.length === 0) return [[...first, '–', 'nobody yet']];
      return consumed.map((cells, index) => [...(index === 0 ? first : ['', '', '', '']), ...cells]);
    });
  const table = [['event', 'from', 'committed at', 'published', 'consumed', 'by'], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length))) ?? [];
  // Numbers to the right, words to the left.
  const isNumber = [false, false, true, true, true, false];
  return table.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return isNumber[column] === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('   ')
      .trimEnd(),
  );
};

/** Where each database is, with a role that may read outbox and inbox, and how it has to prove itself; plain TCP when absent. */
export type DatabaseAt = (service: ServiceName) => { readonly url: string; readonly tls?: Trust };

/** Reads the story with connections of its own. */
export const openStory = async (at: DatabaseAt, id: string): Promise<Story> => {
  const open = (service: ServiceName) => {
    const { url, tls = false } = at(service);
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

/** Reads the journey of an order once it has come to rest: every event consumed and nothing new between two looks, or five seconds gone. */
export const readJourney = async (at: DatabaseAt, orderId: string): Promise<readonly Hop[]> => {
  const deadline = performance.now() + 5_000;
  let seen = -1;
  for (;;) {
    const { events } = await openStory(at, orderId);
    const count = events.reduce((sum, event) => sum + 1 + event.consumptions.length, 0);
    const settled =
      count === seen && events.length > 0 && events.every(({ consumptions }) => consumptions.length > 0);
    if (settled || performance.now() > deadline) return events;
    seen = count;
    await sleep(300);
  }
};
