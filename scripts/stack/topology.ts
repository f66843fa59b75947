// The one description of the system: its databases, topics, connectors, processes, ports and heaps.
// The embedded stack and the tests are derived from it, so a port or a partition count is written down once.
// Only ports differ between two stacks on one machine; everything else is the same for a shop, a test and a laptop.

export const serviceNames = ['order', 'inventory', 'payment'] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface DatabaseTopology {
  /** PostgreSQL database name. */
  readonly database: string;
  /** Runs migrations, owns every table. Never used by a running service. */
  readonly owner: string;
  /** The running service: rows, no DDL, insert-only on the outbox. */
  readonly service: string;
  /** Debezium: replication, and SELECT on the outbox alone. */
  readonly cdc: string;
  /** The auditor: SELECT on every table, the right to send a canary, and nothing else that could change one. */
  readonly auditor: string;
  readonly publication: string;
  readonly slot: string;
}

export interface ServiceTopology {
  readonly database: DatabaseTopology;
  /** The topic this service's outbox is published to. */
  readonly topic: Topic;
  readonly consumes: readonly Topic[];
  readonly consumerGroup: string;
  readonly connector: string;
}

export const topics = ['order-events', 'inventory-events', 'payment-events'] as const;
export type Topic = (typeof topics)[number];

/** Partition counts are part of the ordering contract: changing one moves keys to other partitions. */
export const topicSettings = {
  partitions: 10,
  replicationFactor: 1,
  config: {
    'cleanup.policy': 'delete',
    'retention.ms': String(7 * 24 * 60 * 60 * 1000),
    // The timestamp of a record is the moment the broker took it: the publish time. The router would set its own.
    'message.timestamp.type': 'LogAppendTime',
  },
} as const;

/** Where the canaries of an outbox arrive; the connectors know this ending. */
export const canaryTopicOf = (topic: Topic): string => `${topic}-canary`;

/** Canaries are of interest for seconds; whoever starts reads what is there from its beginning. */
export const canaryTopicSettings = {
  partitions: 1,
  replicationFactor: 1,
  config: {
    'cleanup.policy': 'delete',
    'retention.ms': String(10 * 60 * 1000),
    'segment.ms': String(10 * 60 * 1000),
    'message.timestamp.type': 'LogAppendTime',
  },
} as const;

/** What the profile `cluster` of docker-compose.yml makes of it: one broker may be away, and nothing is lost or refused. */
export const cluster = { brokers: 3, replicationFactor: 3, minInSync: 2 } as const;

const database = (service: ServiceName, name: string): DatabaseTopology => ({
  database: name,
  owner: `${service}_owner`,
  service: `${service}_service`,
  cdc: `${service}_cdc`,
  auditor: `${service}_auditor`,
  publication: `${service}_outbox_pub`,
  slot: `${service}_outbox_slot`,
});

export const services: Record<ServiceName, ServiceTopology> = {
  order: {
    database: database('order', 'orders'),
    topic: 'order-events',
    consumes: ['inventory-events', 'payment-events'],
    consumerGroup: 'order-service-group',
    connector: 'order-outbox',
  },
  inventory: {
    database: database('inventory', 'inventory'),
    topic: 'inventory-events',
    consumes: ['order-events', 'payment-events'],
    consumerGroup: 'inventory-service-group',
    connector: 'inventory-outbox',
  },
  payment: {
    database: database('payment', 'payments'),
    topic: 'payment-events',
    consumes: ['inventory-events', 'order-events'],
    consumerGroup: 'payment-service-group',
    connector: 'payment-outbox',
  },
};

/** Every listening port, its default and the environment variable that moves it. All listen on loopback. */
export const ports = {
  dashboard: { env: 'DASHBOARD_PORT', default: 3000, what: 'dashboard' },
  order: { env: 'ORDER_PORT', default: 3001, what: 'order service' },
  inventory: { env: 'INVENTORY_PORT', default: 3002, what: 'inventory service' },
  payment: { env: 'PAYMENT_PORT', default: 3003, what: 'payment service' },
  gateway: { env: 'GATEWAY_PORT', default: 3004, what: 'payment gateway' },
  auditor: { env: 'AUDITOR_PORT', default: 3005, what: 'auditor' },
  orderDb: { env: 'ORDER_DB_PORT', default: 5441, what: 'PostgreSQL of the order service' },
  inventoryDb: { env: 'INVENTORY_DB_PORT', default: 5442, what: 'PostgreSQL of the inventory service' },
  paymentDb: { env: 'PAYMENT_DB_PORT', default: 5443, what: 'PostgreSQL of the payment service' },
  kafka: { env: 'KAFKA_PORT', default: 9092, what: 'Kafka' },
  kafkaController: { env: 'KAFKA_CONTROLLER_PORT', default: 9093, what: 'Kafka controller' },
  connect: { env: 'CONNECT_PORT', default: 8083, what: 'Kafka Connect' },
  connectMetrics: { env: 'CONNECT_METRICS_PORT', default: 9404, what: 'metrics of Kafka Connect' },
  registry: { env: 'SCHEMA_REGISTRY_PORT', default: 8081, what: 'schema registry' },
  registryManagement: {
    env: 'SCHEMA_REGISTRY_MANAGEMENT_PORT',
    default: 8082,
    what: 'management interface of the schema registry',
  },
} as const satisfies Record<string, { env: string; default: number; what: string }>;
export type PortName = keyof typeof ports;

interface PortTopology {
  readonly env: string;
  readonly default: number;
  readonly what: string;
}

/** The ports of what docker-compose.yml alone has, by the profile that has it. */
export const profilePorts = {
  observability: {
    prometheus: { env: 'PROMETHEUS_PORT', default: 9090, what: 'Prometheus' },
    grafana: { env: 'GRAFANA_PORT', default: 3006, what: 'Grafana' },
    jaeger: { env: 'JAEGER_PORT', default: 16686, what: 'Jaeger' },
    jaegerOtlp: { env: 'JAEGER_OTLP_PORT', default: 4318, what: 'OTLP receiver of Jaeger' },
  },
  cluster: {
    order: { env: 'ORDER_2_PORT', default: 3011, what: 'second order service' },
    inventory: { env: 'INVENTORY_2_PORT', default: 3012, what: 'second inventory service' },
    payment: { env: 'PAYMENT_2_PORT', default: 3013, what: 'second payment service' },
    kafka2: { env: 'KAFKA_2_PORT', default: 9192, what: 'second Kafka broker' },
    kafka3: { env: 'KAFKA_3_PORT', default: 9292, what: 'third Kafka broker' },
    connect: { env: 'CONNECT_2_PORT', default: 8183, what: 'second worker of Kafka Connect' },
    connectMetrics: {
      env: 'CONNECT_2_METRICS_PORT',
      default: 9504,
      what: 'metrics of the second worker of Kafka Connect',
    },
  },
} as const satisfies Record<string, Record<string, PortTopology>>;

export const portsOfProfiles: readonly (PortTopology & { readonly profile: string })[] = [
  ...Object.values(profilePorts.observability).map((port) => ({ ...port, profile: 'observability' })),
  ...Object.values(profilePorts.cluster).map((port) => ({ ...port, profile: 'cluster' })),
];
export type Ports = Record<PortName, number>;

/** The port of each service's PostgreSQL. */
export const databasePorts = {
  order: 'orderDb',
  inventory: 'inventoryDb',
  payment: 'paymentDb',
} as const satisfies Record<ServiceName, PortName>;

/** The superuser of every embedded PostgreSQL: creates roles, publications and slots, and serves nobody at run time. */
export const superuser = 'postgres';

/**
 * The environment variables that set passwords; each defaults to `orderflow`, which is fit for loopback only.
 * Kafka Connect receives no other of these than `cdc`.
 */
const passwordVariables = (prefix: string) =>
  ({
    admin: `${prefix}_DB_ADMIN_PASSWORD`,
    owner: `${prefix}_DB_OWNER_PASSWORD`,
    service: `${prefix}_DB_PASSWORD`,
    cdc: `${prefix}_CDC_PASSWORD`,
    auditor: `${prefix}_AUDITOR_PASSWORD`,
  }) as const;
export const passwords = {
  order: passwordVariables('ORDER'),
  inventory: passwordVariables('INVENTORY'),
  payment: passwordVariables('PAYMENT'),
} as const satisfies Record<ServiceName, Record<string, string>>;
export type DatabaseRole = keyof (typeof passwords)['order'];

export { developmentPassword } from '../../services/platform/process/settings/process-settings.ts';

/** The Node processes beside the three services of the domain. */
export const edges = ['gateway', 'dashboard', 'auditor'] as const;
export type Edge = (typeof edges)[number];

/** Maximum heap per JVM, MiB. Explicit, because a default heap is a quarter of the machine. */
export const heaps = { kafka: 320, connect: 256, registry: 192 } as const;

/** Maximum old generation of each Node process, MiB. */
export const nodeHeapMiB = 192;
/** The auditor keeps ids, not rows. */
export const auditorHeapMiB = 128;

/** The registry speaks the Confluent API below this path. */
export const registryPath = '/apis/ccompat/v7';

/** Where clients find the broker and the registry of `npm start`; the catalogue of the events names them. */
export const developmentAddresses = {
  kafka: `localhost:${String(ports.kafka.default)}`,
  registry: `http://localhost:${String(ports.registry.default)}${registryPath}`,
} as const;
