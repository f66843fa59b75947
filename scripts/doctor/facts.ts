// The facts that `npm run doctor` reads. If a part could not be read, its `Reading` has the reason.
import type { SlotFacts } from '../../services/auditor/pipelines/slot-health.ts';
import type { Change } from '../../services/auditor/drift/impact.ts';
import type { ConnectorState } from '../../services/auditor/pipelines/connect-rest.ts';
import type { ServiceName, Topic } from '../stack/topology.ts';

export type Reading<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** The limit for one HTTP request. */
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
  /** Null: does not exist. */
  readonly publication: {
    readonly tables: readonly string[];
    /** The published operations: some of `insert`, `update`, `delete`, `truncate`. */
    readonly operations: readonly string[];
    readonly allTables: boolean;
    /** Whether it has a row filter or a column list. */
    readonly filtered: boolean;
  } | null;
  /** Null: does not exist. */
  readonly cdcRole: {
    readonly login: boolean;
    readonly replication: boolean;
    readonly superuser: boolean;
    readonly readsOutbox: boolean;
  } | null;
  /** Columns that the connector's configuration names and the outbox does not have. */
  readonly missingColumns: readonly string[];
  readonly longTransactions: readonly {
    readonly pid: number;
    readonly who: string;
    readonly seconds: number;
  }[];
}

/** The result of logging in as the CDC role and of running the heartbeat statement, as the connector does. */
export interface ConnectorLogin {
  /** The error of the login; null: it succeeded. */
  readonly refused: string | null;
  /** The error of the heartbeat; null: it succeeded. */
  readonly heartbeat: string | null;
}

export interface ConnectorFacts {
  /** Undefined: the connector does not exist. */
  readonly state: ConnectorState | undefined;
  readonly changes: readonly Change[];
  /** The problems that the lint, the connector plugin and the worker find in the file. */
  readonly invalid: readonly { readonly key: string; readonly problem: string }[];
}

export interface ConnectFacts {
  readonly version: string;
  /** Version of the plugin; null: the worker does not have the plugin. */
  readonly debezium: string | null;
}

export interface TopicFacts {
  readonly topic: string;
  /** Null: the topic does not exist. */
  readonly state: {
    readonly partitions: number;
    readonly replicas: number;
    /** Partitions with a replica that is not in sync. */
    readonly underReplicated: number;
    readonly config: Readonly<Record<string, string>>;
  } | null;
}

export interface KafkaFacts {
  readonly brokers: number;
  /** The topics of the events. */
  readonly events: readonly (TopicFacts & { readonly topic: Topic })[];
  /** The topics in which Connect stores configurations, offsets and status. */
  readonly internal: readonly TopicFacts[];
}

export interface RegistryFacts {
  /** Only subjects whose effective compatibility differs from the required one, with the effective value. */
  readonly wrongCompatibility: Readonly<Record<string, string>>;
  /** Null: the registry does not report which kind of id it uses. */
  readonly legacyIds: boolean | null;
}

/** A schema id in the rows of an outbox. */
export interface SchemaIdFacts {
  readonly service: ServiceName;
  readonly eventType: string;
  readonly id: number;
  /** The Avro record of this event type. */
  readonly expected: string | undefined;
  /** The record under this id in the registry; null when there is none. */
  readonly found: string | null;
}

export interface ClockFacts {
  readonly part: string;
  /** How far the remote clock is ahead of this machine; negative when behind. */
  readonly aheadMs: number;
  /** The measurement error: half the round trip, or the whole second of a Date header. */
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
