// The topology of the system: databases, topics, connectors, processes, ports and heaps. The embedded stack and the tests use it,
// and a test compares docker-compose.yml with it. Two stacks on one machine differ only in their ports and data folders.

export const serviceNames = ['order', 'inventory', 'payment'] as const;
export type ServiceName = (typeof serviceNames)[number];

interface DatabaseTopology {
  readonly database: string;
  /** Role that runs migrations and owns the tables. A running service never uses it. */
  readonly owner: string;
  /** Role of the running service: changes rows and runs no DDL. It may insert into the outbox, but not change its rows. */
  readonly service: string;
  /** Role of Debezium: replication, and SELECT on the outbox only. */
  readonly cdc: string;
  /** Role of the auditor: may read every table, emit canaries, insert into the audit log and write idempotency keys. */
  readonly auditor: string;
  readonly publication: string;
  readonly slot: string;
}

interface ServiceTopology {
  readonly database: DatabaseTopology;
  /** The topic of the outbox. */
  readonly topic: Topic;
  readonly consumes: readonly Topic[];
  readonly consumerGroup: string;
  readonly connector: string;
}

export const topics = ['order-events', 'inventory-events', 'payment-events'] as const;
export type Topic = (typeof topics)[number];

/** Never change a partition count: keys would move to other partitions, which breaks the ordering of their events. */
export const topicSettings = {
  partitions: 10,
  replicationFactor: 1,
  config: {
    'cleanup.policy': 'delete',
    'retention.ms': String(7 * 24 * 60 * 60 * 1000),
    // The time of publication. With CreateTime, the timestamp of a record would be the one that Debezium's event router sets.
    'message.timestamp.type': 'LogAppendTime',
  },
} as const;

/** The topic for the canaries of an outbox. The connector configurations repeat this suffix. */
export const canaryTopicOf = (topic: Topic): string => `${topic}-canary`;

/** Retention is short: a canary is useful for seconds only, and every reader starts at the beginning of the topic. */
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

/** The profile `cluster` of docker-compose.yml: the failure of one broker loses no event and rejects no write. */
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

interface PortTopology {
  readonly env: string;
  readonly default: number;
  readonly label: string;
}

/** The ports of `npm start`: default and environment variable of each. All listen on loopback. */
export const ports = {
  dashboard: { env: 'DASHBOARD_PORT', default: 3000, label: 'dashboard' },
  order: { env: 'ORDER_PORT', default: 3001, label: 'order service' },
  inventory: { env: 'INVENTORY_PORT', default: 3002, label: 'inventory service' },
  payment: { env: 'PAYMENT_PORT', default: 3003, label: 'payment service' },
  gateway: { env: 'GATEWAY_PORT', default: 3004, label: 'payment gateway' },
  auditor: { env: 'AUDITOR_PORT', default: 3005, label: 'auditor' },
  orderDb: { env: 'ORDER_DB_PORT', default: 5441, label: 'PostgreSQL of the order service' },
  inventoryDb: { env: 'INVENTORY_DB_PORT', default: 5442, label: 'PostgreSQL of the inventory service' },
  paymentDb: { env: 'PAYMENT_DB_PORT', default: 5443, label: 'PostgreSQL of the payment service' },
  kafka: { env: 'KAFKA_PORT', default: 9092, label: 'Kafka' },
  kafkaController: { env: 'KAFKA_CONTROLLER_PORT', default: 9093, label: 'Kafka controller' },
  connect: { env: 'CONNECT_PORT', default: 8083, label: 'Kafka Connect' },
  connectMetrics: { env: 'CONNECT_METRICS_PORT', default: 9404, label: 'metrics of Kafka Connect' },
  registry: { env: 'SCHEMA_REGISTRY_PORT', default: 8081, label: 'schema registry' },
  registryManagement: {
    env: 'SCHEMA_REGISTRY_MANAGEMENT_PORT',
    default: 8082,
    label: 'management interface of the schema registry',
  },
} as const satisfies Record<string, PortTopology>;
export type PortName = keyof typeof ports;

/** The ports of the parts that exist only in docker-compose.yml, by profile. */
export const profilePorts = {
  observability: {
    prometheus: { env: 'PROMETHEUS_PORT', default: 9090, label: 'Prometheus' },
    grafana: { env: 'GRAFANA_PORT', default: 3006, label: 'Grafana' },
    jaeger: { env: 'JAEGER_PORT', default: 16686, label: 'Jaeger' },
    jaegerOtlp: { env: 'JAEGER_OTLP_PORT', default: 4318, label: 'OTLP receiver of Jaeger' },
  },
  cluster: {
    order: { env: 'ORDER_2_PORT', default: 3011, label: 'second order service' },
    inventory: { env: 'INVENTORY_2_PORT', default: 3012, label: 'second inventory service' },
    payment: { env: 'PAYMENT_2_PORT', default: 3013, label: 'second payment service' },
    kafka2: { env: 'KAFKA_2_PORT', default: 9192, label: 'second Kafka broker' },
    kafka3: { env: 'KAFKA_3_PORT', default: 9292, label: 'third Kafka broker' },
    connect: { env: 'CONNECT_2_PORT', default: 8183, label: 'second worker of Kafka Connect' },
    connectMetrics: {
      env: 'CONNECT_2_METRICS_PORT',
      default: 9504,
      label: 'metrics of the second worker of Kafka Connect',
    },
  },
} as const satisfies Record<string, Record<string, PortTopology>>;

export const portsOfProfiles: readonly (PortTopology & { readonly profile: string })[] = [
  ...Object.values(profilePorts.observability).map((port) => ({ ...port, profile: 'observability' })),
  ...Object.values(profilePorts.cluster).map((port) => ({ ...port, profile: 'cluster' })),
];
export type Ports = Record<PortName, number>;

/** The name in `ports` of the PostgreSQL port of each service. */
export const databasePorts = {
  order: 'orderDb',
  inventory: 'inventoryDb',
  payment: 'paymentDb',
} as const satisfies Record<ServiceName, PortName>;

/** The superuser of every PostgreSQL server: provisioning creates roles, publications and slots with it. No process in `services/` uses it. */
export const superuser = 'postgres';

/**
 * The environment variables with the passwords. The default of each is `orderflow`, which is safe on loopback only. Kafka Connect
 * receives only `cdc`.
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

/** The Node processes other than the three services. */
export const edges = ['gateway', 'dashboard', 'auditor'] as const;
export type Edge = (typeof edges)[number];

/** Maximum heap of each JVM in MiB. The default of the JVM would be a quarter of the memory of the machine. */
export const heaps = { kafka: 320, connect: 256, registry: 192 } as const;

/** Maximum old generation of each Node process in MiB. */
export const nodeHeapMiB = 192;
/** The auditor needs less memory: between two audits it keeps only a small entry per event. */
export const auditorHeapMiB = 128;

/** The path of the registry's Confluent API. */
export const registryPath = '/apis/ccompat/v7';

/** The addresses of broker and registry of `npm start`, for the generated event catalogue. */
export const developmentAddresses = {
  kafka: `localhost:${String(ports.kafka.default)}`,
  registry: `http://localhost:${String(ports.registry.default)}${registryPath}`,
} as const;
