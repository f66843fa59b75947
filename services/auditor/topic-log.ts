// Keeps one small entry per event on the topics in memory, for the newest `capacity` events. The values are not decoded. No offset
// is committed, so each start reads the topics from the beginning, at about ten thousand events per second. A larger shop would
// have to keep the entries on disk.
import { randomUUID } from 'node:crypto';
import type { EventStream, StreamRecord } from '../platform/messaging/event-stream.ts';
import { pause } from '../platform/process/retry.ts';
import { everyService, topicOf, type TopicFact } from './domain/facts.ts';

const topics = everyService.map(topicOf);

export interface TopicLog {
  /**
   * The entries by event id, as soon as all records up to the current ends of the topics are read; null when that takes longer than
   * `withinMs` or Kafka does not answer.
   */
  readonly read: (withinMs: number) => Promise<ReadonlyMap<string, TopicFact> | null>;
  /** The committed offset (the next to read) per group and `topic/partition`; empty when Kafka does not answer. */
  readonly committed: (
    groupIds: readonly string[],
  ) => Promise<ReadonlyMap<string, ReadonlyMap<string, number>>>;
  /** The log has all events from this time on, epoch ms; older events may have been evicted. */
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

/** Reads the three topics in a new consumer group that commits no offsets. */
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
      // After some restarts, Connect publishes a row again; the first record is the one that took effect.
      if (!entries.has(fact.id)) entries.set(fact.id, fact);
      for (const [oldest, { at }] of entries) {
        if (entries.size <= capacity) break;
        entries.delete(oldest);
        since = Math.max(since, at + 1);
      }
      return Promise.resolve(undefined);
    },
    onProgress: ({ topic, partition, next }) => {
      const key = `${topic}/${partition}`;
      if (next > (reached.get(key) ?? 0n)) reached.set(key, next);
    },
  });

  return {
    read: async (withinMs) => {
      const deadline = performance.now() + withinMs;
      try {
        const ends = await stream.ends(topics);
        const hasReachedEnds = (): boolean =>
          ends.every(({ topic, partition, next }) => (reached.get(`${topic}/${partition}`) ?? 0n) >= next);
        const signal = AbortSignal.timeout(withinMs);
        while (!hasReachedEnds()) {
          if (performance.now() >= deadline) return null;
          await pause(50, signal);
        }
        return entries;
      } catch {
        // Kafka does not answer. The health report and the audit report (`topicsRead`) show it.
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
        // Kafka does not answer; see `read`.
        return new Map();
      }
    },
    completeSince: () => since,
    isReading: () => subscription.problem() === undefined,
    stop: subscription.stop,
  };
}
