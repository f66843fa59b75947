// Opens the sources of an audit, for the auditor and for the commands: few connections per database, with roles that may read, send
// canaries, append to the audit log and store responses under an Idempotency-Key.
import type { KafkaSecurity } from '../platform/process/security/kafka-security.ts';
import type { Trust } from '../platform/process/security/pem.ts';
import { connectDatabase } from '../platform/database/database.ts';
import type { EventStream } from '../platform/messaging/event-stream.ts';
import { kafkaJsEventStream } from '../platform/messaging/kafkajs-event-stream.ts';
import type { Logger } from '../platform/process/logger.ts';
import type { Service } from './domain/facts.ts';
import type { Sources } from './read-facts.ts';
import { openStockLedger } from './stock-ledger.ts';
import { openTopicLog } from './topic-log.ts';

export interface Addresses {
  readonly databases: Readonly<Record<Service, string>>;
  readonly kafkaBrokers: readonly string[];
  readonly gatewayUrl: string;
  /** TLS and authentication for databases and Kafka; plain TCP when absent. */
  readonly databaseTrust?: (url: string) => Trust;
  readonly kafkaSecurity?: KafkaSecurity;
}

interface OpenSources extends Sources {
  readonly stream: EventStream;
  /** Rejects with the error of the first database that does not answer. */
  readonly ping: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const connectionsPerDatabase = 2;
/** Maximum number of entries of the topic log; about 15 MB. */
const topicLogCapacity = 50_000;

export function openSources(
  { databases: urls, kafkaBrokers, gatewayUrl, databaseTrust = () => false, kafkaSecurity }: Addresses,
  logger: Logger,
): OpenSources {
  const open = (service: Service) =>
    connectDatabase(urls[service], 'auditor', {
      poolSize: connectionsPerDatabase,
      tls: databaseTrust(urls[service]),
    });
  const [order, inventory, payment] = [open('order'), open('inventory'), open('payment')];
  const connections = [order, inventory, payment];
  const stream = kafkaJsEventStream(
    {
      brokers: kafkaBrokers,
      clientId: 'auditor',
      concurrency: 4,
      ...(kafkaSecurity === undefined ? {} : { security: kafkaSecurity }),
    },
    logger,
  );
  const topics = openTopicLog(stream, topicLogCapacity);
  return {
    databases: { order: order.db, inventory: inventory.db, payment: payment.db },
    gatewayUrl,
    topics,
    stock: openStockLedger(inventory.db),
    stream,
    ping: async () => {
      await Promise.all(connections.map((connection) => connection.ping()));
    },
    close: async () => {
      await Promise.all([topics.stop(), ...connections.map((connection) => connection.close())]);
    },
  };
}
