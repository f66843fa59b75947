// The port to Kafka (services only consume). In services/, only kafkajs-event-stream.ts and compression.ts depend on KafkaJS.

export interface StreamRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | null;
  readonly value: Buffer | null;
  /** Header values as text. Headers without a value are left out; of a repeated header the last value counts. */
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

/** A record that is not finished, although later records of its partition may already be read. */
export interface Waiting {
  /** Rejects only after the signal of the record's context has been aborted. */
  readonly finished: Promise<void>;
}

/** A position in a partition: `next` is the offset to be read next. */
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
  /** Number of offsets that the group has not committed. A single offset counts as 0: it is probably a transaction marker. */
  readonly lag: number;
}

export interface SubscribeOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /**
   * Called for one record per key at a time, in offset sequence; different keys and partitions run in parallel. Resolves to
   * undefined when the record is finished, and to a `Waiting` when later records may be read before this record is finished.
   */
  readonly onRecord: (record: StreamRecord, context: RecordContext) => Promise<Waiting | undefined>;
  /** Reads from the beginning at every start, commits nothing and deletes the group at the end. For readers without state. */
  readonly fromBeginning?: boolean;
  /** Called after each batch, even if the batch contains only transaction markers. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Subscription {
  /** Why the subscription does not read; undefined while it is a member of the group and no error has ended its run. */
  problem(): string | undefined;
  /** Finishes the records under way, commits their offsets, leaves the group. */
  stop(): Promise<void>;
}

export interface EventStream {
  /**
   * Reads the records of committed transactions from the group's position, or from the beginning for a new group. The position
   * never passes an unfinished record; a record whose `onRecord` rejects is read again. Reconnects without limit.
   */
  subscribe(options: SubscribeOptions): Subscription;
  /** How far the group has read each partition, by topic. Rejects when the broker does not answer. */
  lag(groupId: string, topics: readonly string[]): Promise<ReadonlyMap<string, readonly PartitionLag[]>>;
  /** The committed positions of each group; uncommitted partitions are left out. Rejects when the broker does not answer. */
  committed(
    groupIds: readonly string[],
    topics: readonly string[],
  ): Promise<ReadonlyMap<string, readonly Progress[]>>;
  /** The current ends of all partitions that have records. Rejects when the broker does not answer. */
  ends(topics: readonly string[]): Promise<readonly Progress[]>;
}
