// The narrow port to Kafka. Services only ever read, and everything above this line knows records, not a client library;
// replacing the library is writing one more file like kafkajs-event-stream.ts.

export interface StreamRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | null;
  readonly value: Buffer | null;
  /** Header values as text. A null header is left out; of a repeated one the last counts. */
  readonly headers: Readonly<Record<string, string>>;
  /** Kafka's record timestamp: when the record was published. */
  readonly timestamp: Date;
}

export interface RecordContext {
  /** Keeps the partition assigned during a long wait; rejects once the assignment is lost. */
  heartbeat(): Promise<void>;
  /** Aborted when the subscription is being stopped, or when the partition is no longer this member's. Another assignment has another. */
  readonly signal: AbortSignal;
}

/** A record that is not finished yet, although the next one of its partition may follow. */
export interface Waiting {
  /** Rejects only when the signal of its context has been aborted. */
  readonly finished: Promise<void>;
}

/** How far a partition has been read: `next` is the first offset that has not. */
export interface Progress {
  readonly topic: string;
  readonly partition: number;
  readonly next: bigint;
}

export interface SubscribeOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Called for one record of a partition at a time, in offset order; several partitions run side by side. */
  readonly onRecord: (record: StreamRecord, context: RecordContext) => Promise<Waiting | undefined>;
  /** For readers that keep nothing: every start reads from the beginning, and stopping deletes the group. */
  readonly fromBeginning?: boolean;
  /** Called after each batch, also for one that held nothing but the marks of transactions. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Subscription {
  /** True while the group has let this member join and no error has ended its run. */
  isRunning(): boolean;
  /** Finishes records under way, commits their offsets, leaves the group. */
  stop(): Promise<void>;
}

export interface EventStream {
  /**
   * Reads committed records of the topics from the group's position, from the beginning for a new group. The group's position
   * never passes a record that is not finished; one whose `onRecord` rejects is read again. Reconnects for ever.
   */
  subscribe(options: SubscribeOptions): Subscription;
  /** Records that the group has still to read, by topic, marks of transactions included; rejects without an answer. */
  lag(groupId: string, topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** How far each group has committed; partitions of which it has committed nothing are left out. Rejects without an answer. */
  committed(
    groupIds: readonly string[],
    topics: readonly string[],
  ): Promise<ReadonlyMap<string, readonly Progress[]>>;
  /** The present ends of all partitions that hold anything; rejects when the broker does not answer. */
  ends(topics: readonly string[]): Promise<readonly Progress[]>;
}
