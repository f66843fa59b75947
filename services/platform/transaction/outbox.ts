// The outbox: events are inserted in the transaction that causes them, so they are published if and only if it commits. Debezium
// reads them from the WAL; a service never publishes to Kafka itself.
import { v7 as uuidv7 } from 'uuid';
import { outbox } from '../../../drizzle/messaging/schema.ts';
import { eventCatalogue, type DomainEvent } from '../../../schemas/generated/events.ts';
import type { Statement, Transaction } from '../database/database.ts';
import { insertInto } from '../database/prepared.ts';
import type { EventCodec } from '../event-codec/event-codec.ts';
import type { MessageContext } from './message-context.ts';
import {
  entityIdsOfEvent,
  entityIdAttributes,
  beginSpan,
  SpanKind,
  type Traced,
} from '../telemetry/tracing.ts';

/** The input that causes the events. */
export interface Cause {
  /** Id of the input, which becomes the causation id of the events. */
  readonly id: string;
  readonly context: MessageContext;
  readonly at: Date;
}

const insertOutbox = insertInto(outbox);

interface OutboxRows {
  readonly statements: readonly Statement[];
  /** One span per event; its children are the spans of the consumers of the event. The caller ends the spans after the commit. */
  readonly spans: readonly Traced[];
}

/**
 * The outbox rows of the events, in the same sequence. Throws as `encode` does, which aborts the transaction: an event that
 * consumers could not read never reaches the WAL.
 */
export function outboxRows(
  tx: Transaction,
  codec: EventCodec,
  events: readonly DomainEvent[],
  cause: Cause,
): OutboxRows {
  if (events.length === 0) return { statements: [], spans: [] };
  const spans: Traced[] = [];
  const rows = events.map((event) => {
    const id = uuidv7();
    const { correlationId, traceparent, links = [] } = cause.context;
    const metadata = { eventId: id, correlationId, causationId: cause.id, occurredAt: cause.at };
    const { topic } = eventCatalogue[event.type];
    const encoded = codec.encode(event, metadata);
    const created = beginSpan(`outbox ${event.type}`, {
      kind: SpanKind.PRODUCER,
      parent: traceparent,
      links,
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.type': 'create',
        'messaging.destination.name': topic,
        'messaging.message.id': id,
        'messaging.kafka.message.key': encoded.aggregateId,
        'orderflow.event.type': event.type,
        ...entityIdAttributes(entityIdsOfEvent(event.type, encoded.aggregateId)),
      },
    });
    spans.push(created);
    return {
      id,
      aggregateType: topic.replace(/-events$/, ''),
      eventType: event.type,
      correlationId,
      causationId: cause.id,
      traceparent: created.traceparent,
      occurredAt: cause.at,
      ...encoded,
    };
  });
  return { statements: [insertOutbox(tx, rows)], spans };
}
