// What `npm run doctor` looks at. Whatever could not be read is said to be so, with the reason, and judged like the rest.
import type { SlotFacts } from '../../services/auditor/pipelines/slot-health.ts';
import type { Change } from '../connectors/impact.ts';
import type { ConnectorState } from '../../services/auditor/pipelines/connect-rest.ts';
import type { ServiceName, Topic } from '../stack/topology.ts';

export type Reading<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** Milliseconds that one read may take. */
export const timeoutMs = 10_000;

export interface DatabaseFacts {
  /** `server_version_num`. */
  readonly version: number;
  readonly walLevel: string;
  readonly maxSlots: number;
  readonly slotsUsed: number;
  readonly maxSenders: number;
  readonly sendersUsed: number;
  /** `idle_replication_slot_timeout` in seconds; 0: never. */
  readonly idleSlotSeconds: number;
  readonly slot: SlotFacts;
  /** Null: there is none. */
  readonly publication: {
    readonly tables: readonly string[];
    /** Of `insert`, `update`, `delete`, `truncate`. */
    readonly operations: readonly string[];
    readonly allTables: boolean;
  } | null;
  /** Null: there is no such role. */
  readonly cdcRole: {
    readonly login: boolean;
    readonly replication: boolean;
    readonly superuser: boolean;
    readonly readsOutbox: boolean;
  } | null;
  /** Columns of the outbox that the connector names and the table lacks. */
  readonly missingColumns: readonly string[];
  readonly longTransactions: readonly {
    readonly pid: number;
    readonly who: string;
    readonly seconds: number;
  }[];
}

/** What the connector would meet: the CDC role's own login, and the statement of its heartbeat. */
export interface ConnectorLogin {
  /** Null: it may log in. */
  readonly refused: string | null;
  /** Null: the heartbeat works. */
  readonly heartbeat: string | null;
}

export interface ConnectorFacts {
  /** Undefined: Connect has none of that name. */
  readonly state: ConnectorState | undefined;
  readonly changes: readonly Change[];
  /** What the lint, the connector and the worker find wrong with the file. The worker refuses what it cannot do. */
  readonly invalid: readonly { readonly key: string; readonly problem: string }[];
}

export interface ConnectFacts {
  readonly version: string;
  /** Null: the worker has no such plugin. */
  readonly debezium: string | null;
}

export interface TopicFacts {
  readonly topic: string;
  /** Null: there is no such topic. */
  readonly state: {
    readonly partitions: number;
    readonly replicas: number;
    /** Partitions with a replica that is behind or away. */
    readonly underReplicated: number;
    readonly config: Readonly<Record<string, string>>;
  } | null;
}

export interface KafkaFacts {
  readonly brokers: number;
  /** The topics of the events. */
  readonly events: readonly (TopicFacts & { readonly topic: Topic })[];
  /** Where Connect keeps configurations and offsets; compacted, or they are forgotten. */
  readonly internal: readonly TopicFacts[];
}

export interface RegistryFacts {
  /** The effective compatibility by subject, of subjects whose is not that of the contract. */
  readonly compatibility: Readonly<Record<string, string>>;
  /** Null: the registry does not tell. */
  readonly legacyIds: boolean | null;
}

/** An id that rows of an outbox are framed with. */
export interface SchemaIdFacts {
  readonly service: ServiceName;
  readonly eventType: string;
  readonly id: number;
  /** The record that this event type is. */
  readonly expected: string | undefined;
  /** The record that the registry has under the id; null when it has none. */
  readonly found: string | null;
}

export interface ClockFacts {
  readonly part: string;
  /** How far the part is ahead of this machine; negative when behind. */
  readonly aheadMs: number;
  /** What cannot be told apart: half the round trip, or the second of a Date header. */
  readonly uncertainMs: number;
}

export interface RetentionFacts {
  readonly outboxDays: number;
  readonly inboxDays: number;
}

export interface Facts {
  readonly databases: Readonly<Record<ServiceName, Reading<DatabaseFacts>>>;
  readonly logins: Readonly<Record<ServiceName, ConnectorLogin>>;
  readonly connect: Reading<ConnectFacts>;
  readonly connectors: Readonly<Record<ServiceName, Reading<ConnectorFacts>>>;
  readonly kafka: Reading<KafkaFacts>;
  readonly registry: Reading<RegistryFacts>;
  readonly schemaIds: readonly SchemaIdFacts[];
  readonly clocks: readonly ClockFacts[];
  readonly retention: Reading<RetentionFacts>;
}
