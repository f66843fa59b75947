// The port to Kafka. Services only consume. The code above it knows records and no client library; another library needs one file
// like kafkajs-event-stream.ts.

export interface StreamRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | null;
  readonly value: Buffer | null;
  /** Header values as text. Null headers are left out; the last of repeated headers counts. */
  readonly headers: Readonly<Record<string, string>>;
  /** Kafka's record timestamp: when the record was published. */
  readonly timestamp: Date;
}

export interface RecordContext {
  /** Keeps the partition assigned during a long wait; rejects once the assignment is lost. */
  heartbeat(): Promise<void>;
  /** Aborted when the subscription stops or the partition is assigned elsewhere. Each assignment has its own signal. */
  readonly signal: AbortSignal;
}

/** A record that is not finished, although the next one of its partition may follow. */
export interface Waiting {
  /** Rejects only when the signal of its context has been aborted. */
  readonly finished: Promise<void>;
}

/** A position in a partition: `next` is the first offset that is not read. */
export interface Progress {
  readonly topic: string;
  readonly partition: number;
  readonly next: bigint;
}

/** How far a consumer group has read a partition. */
export interface PartitionLag {
  readonly partition: number;
  /** The first offset after the last record. */
  readonly end: number;
  /** The next offset to read; null when the group has committed nothing. */
  readonly committed: number | null;
  /** Records that the group has yet to read, markers of transactions included. */
  readonly lag: number;
}

export interface SubscribeOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Called for one record of a key at a time, in offset order; several keys and partitions run in parallel. */
  readonly onRecord: (record: StreamRecord, context: RecordContext) => Promise<Waiting | undefined>;
  /** For readers without state: every start reads from the beginning, and stopping deletes the group. */
  readonly fromBeginning?: boolean;
  /** Called after each batch, even one that contains only markers of transactions. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Subscription {
  /** True while this is a member of the group and no error has ended its run. */
  isRunning(): boolean;
  /** Finishes the records in hand, commits their offsets, leaves the group. */
  stop(): Promise<void>;
}

export interface EventStream {
  /**
   * Reads committed records of the topics from the group's position, or from the beginning for a new group. The position never
   * passes a record that is not finished; a record whose `onRecord` rejects is read again. Reconnects without end.
   */
  subscribe(options: SubscribeOptions): Subscription;
  /** How far the group has read each partition, by topic. Rejects when the broker does not answer. */
  lag(groupId: string, topics: readonly string[]): Promise<ReadonlyMap<string, readonly PartitionLag[]>>;
  /** The committed positions of each group, without partitions that have none. Rejects when the broker does not answer. */
  committed(
    groupIds: readonly string[],
    topics: readonly string[],
  ): Promise<ReadonlyMap<string, readonly Progress[]>>;
  /** The current ends of all partitions that have records. Rejects when the broker does not answer. */
  ends(topics: readonly string[]): Promise<readonly Progress[]>;
}
