import type { PartitionLag } from './event-stream.ts';

/** The offsets of a partition, in the form in which KafkaJS returns them. */
interface PartitionOffsets {
  readonly partition: number;
  /** The first offset that the topic still has. */
  readonly low: string;
  readonly high: string;
}

/** @param offset The committed offset; -1 or undefined when nothing is committed. */
export const partitionLag = (
  { partition, low, high }: PartitionOffsets,
  offset: string | undefined,
): PartitionLag => {
  const end = Number(high);
  const committed = offset === undefined || Number(offset) < 0 ? null : Number(offset);
  // A group that has committed nothing starts at the first record of the topic.
  const behind = end - Math.max(committed ?? 0, Number(low));
  // The last offset of a partition that is written in transactions is a commit marker, which no consumer handles.
  return { partition, end, committed, lag: behind > 1 ? behind : 0 };
};
