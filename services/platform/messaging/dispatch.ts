// Dispatch decodes a record, finds the subscription of its event type and calls it. The consumer and the replay of dead letters
// share it, so that a replayed event is handled by the same code as a delivered event.
import { eventCatalogue, type EventType } from '../../../schemas/generated/events.ts';
import { type EventCodec, type ReceivedEvent, UndecodableRecord } from '../event-codec/event-codec.ts';
import type { StreamRecord } from './event-stream.ts';
import type { Delivery, SettleDeadLetter } from '../transaction/inbox.ts';
import type { MessageContext } from '../transaction/message-context.ts';

/** An event as a subscription receives it. */
export interface Incoming<T extends EventType = EventType> {
  readonly event: ReceivedEvent<T>;
  /** Key of the record. */
  readonly key?: string | undefined;
  readonly delivery: Delivery;
  readonly context: MessageContext;
  readonly at: Date;
}

/** The outcome of handling an event. */
export interface Outcome {
  readonly kind: 'accepted' | 'ignored' | 'duplicate';
  readonly reason?: string;
}

/** One handler per event type that the service reacts to; other types of its topics are skipped. */
export type Subscriptions = {
  readonly [T in EventType]?: (incoming: Incoming<T>) => Promise<Outcome>;
};

/** Handlers of exactly these event types. */
export type SubscriptionsTo<T extends EventType> = Required<Pick<Subscriptions, T>>;

export interface HandledEvent {
  readonly event: ReceivedEvent;
  readonly outcome: Outcome;
}

/** No outcome when the service does not subscribe to the type. */
export type Dispatched = HandledEvent | { readonly outcome: undefined };

/**
 * Calls the subscription of a record on behalf of a consumer group.
 * @throws UndecodableRecord when the record can never be read, DependencyUnavailable while the registry is unavailable, and
 * whatever the handler throws.
 */
export type Dispatch = (
  record: StreamRecord,
  on: {
    readonly consumer: string;
    readonly replay?: SettleDeadLetter;
    /** The traceparent of the span in which the event is handled. */
    readonly traceparent: string;
    /** The number of this attempt; 1 when absent. */
    readonly attempts?: number;
  },
) => Promise<Dispatched>;

export function createDispatch(codec: EventCodec, subscriptions: Subscriptions): Dispatch {
  const callSubscription = <T extends EventType>(
    event: ReceivedEvent<T>,
    record: StreamRecord,
    { consumer, replay, traceparent, attempts = 1 }: Parameters<Dispatch>[1],
  ): Promise<Outcome> | undefined => {
    const { type, metadata } = event;
    const subscription: ((incoming: Incoming<T>) => Promise<Outcome>) | undefined = subscriptions[type];
    return subscription?.({
      event,
      key: record.key ?? undefined,
      delivery: {
        consumer,
        eventId: metadata.eventId,
        eventType: type,
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
        publishedAt: record.timestamp,
        attempts,
        ...(replay === undefined ? {} : { replay }),
      },
      context: {
        correlationId: metadata.correlationId,
        causationId: metadata.causationId,
        traceparent,
        actor: `event:${type}`,
      },
      at: new Date(),
    });
  };

  /** Reads only the header, so that events for other services need not be decoded. */
  const isUnsubscribed = (type: string | undefined): boolean =>
    type !== undefined && type in eventCatalogue && !(type in subscriptions);

  return async (record, on) => {
    if (isUnsubscribed(record.headers['eventType'])) return { outcome: undefined };
    if (record.value === null) throw new UndecodableRecord('no_value', 'the record has no value');
    const event = await codec.decode(record.value);
    const outcome = await callSubscription(event, record, on);
    return outcome === undefined ? { outcome } : { event, outcome };
  };
}
