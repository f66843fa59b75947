// What is on the topics, by headers alone, kept in memory: one small entry per event, the newest `capacity` of them. Nothing
// is committed, so every start reads the topics from the beginning; that takes a second per some ten thousand events, which
// suits what the topics' retention keeps of a small shop. For more, the entries would have to be kept on disk.
import { randomUUID } from 'node:crypto';
import type { EventStream, StreamRecord } from '../platform/messaging/event-stream.ts';
import { pause } from '../platform/process/retry.ts';
import type { TopicFact } from './domain/facts.ts';

const topics = ['order-events', 'inventory-events', 'payment-events'] as const;

export interface TopicLog {
  /** Everything up to the ends the topics have now; null when that cannot be had within `withinMs`. */
  readonly read: (withinMs: number) => Promise<ReadonlyMap<string, TopicFact> | null>;
  /** The first offset that each group has still to commit, by `topic/partition`; empty for a group when that cannot be had. */
  readonly committed: (
    groupIds: readonly string[],
  ) => Promise<ReadonlyMap<string, ReadonlyMap<string, number>>>;
  /** Entries are complete from this event time on, epoch ms. */
  readonly completeSince: () => number;
  readonly isReading: () => boolean;
  readonly stop: () => Promise<void>;
}

const toFact = ({ topic, partition, offset, key, headers, timestamp }: StreamRecord): TopicFact => {
  const occurredAt = Date.parse(headers['occurredAt'] ?? '');
  return {
    id: headers['id'] ?? `${topic}/${partition}/${offset}`,
    topic,
    partition,
    offset: Number(offset),
    type: headers['eventType'] ?? '',
    key: key ?? '',
    at: Number.isNaN(occurredAt) ? timestamp.getTime() : occurredAt,
  };
};

/** Reads the three topics in a consumer group of its own, which leaves nothing behind at the broker. */
export function openTopicLog(stream: EventStream, capacity: number): TopicLog {
  const entries = new Map<string, TopicFact>();
  const reached = new Map<string, bigint>();
  let since = 0;

  const subscription = stream.subscribe({
    groupId: `auditor-${randomUUID()}`,
    topics,
    fromBeginning: true,
    onRecord: (record) => {
      const fact = toFact(record);
      // Published again after a restart of Connect: the first record is the one that took effect.
      if (!entries.has(fact.id)) entries.set(fact.id, fact);
      for (const [oldest, { at }] of entries) {
        if (entries.size <= capacity) break;
        entries.delete(oldest);
        since = Math.max(since, at + 1);
      }
      return Promise.resolve(undefined);
    },
    onProgress: ({ topic, partition, next }) => {
      const place = `${topic}/${partition}`;
      if (next > (reached.get(place) ?? 0n)) reached.set(place, next);
    },
  });

  return {
    read: async (withinMs) => {
      const deadline = performance.now() + withinMs;
      try {
        const ends = await stream.ends(topics);
        const isThere = (): boolean =>
          ends.every(({ topic, partition, next }) => (reached.get(`${topic}/${partition}`) ?? 0n) >= next);
        const patience = AbortSignal.timeout(withinMs);
        while (!isThere()) {
          if (performance.now() >= deadline) return null;
          await pause(50, patience);
        }
        return entries;
      } catch {
        // No broker, no word about the topics; readiness and the look itself say so.
        return null;
      }
    },
    committed: async (groupIds) => {
      try {
        const found = await stream.committed(groupIds, topics);
        return new Map(
          [...found].map(([groupId, positions]) => [
            groupId,
            new Map(positions.map(({ topic, partition, next }) => [`${topic}/${partition}`, Number(next)])),
          ]),
        );
      } catch {
        // As above.
        return new Map();
      }
    },
    completeSince: () => since,
    isReading: subscription.isRunning,
    stop: subscription.stop,
  };
}
