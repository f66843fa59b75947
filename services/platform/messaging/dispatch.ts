// From a record to the handler of its event: decode, find the subscription, hand over. The consumer and the replay of a
// dead letter both come through here, so a replayed event is handled by the very code that would have handled it at first.
import { eventCatalogue, type EventType } from '../../../schemas/generated/events.ts';
import { type EventCodec, type ReceivedEvent, UndecodableRecord } from '../event-codec/event-codec.ts';
import type { StreamRecord } from './event-stream.ts';
import type { Delivery, SettleLetter } from '../transaction/inbox.ts';
import { continueTrace } from '../telemetry/trace-context.ts';
import type { MessageContext } from '../transaction/message-context.ts';

/** An event as a subscription receives it. */
export interface Incoming<T extends EventType = EventType> {
  readonly event: ReceivedEvent<T>;
  readonly delivery: Delivery;
  readonly context: MessageContext;
  readonly at: Date;
}

/** What came of an event: for the log line. */
export interface Outcome {
  readonly kind: 'accepted' | 'ignored' | 'duplicate';
  readonly reason?: string;
}

/** One handler per event type that the service reacts to; other types of its topics are passed over. */
export type Subscriptions = {
  readonly [T in EventType]?: (incoming: Incoming<T>) => Promise<Outcome>;
};

/** Handlers of exactly these event types. */
export type SubscriptionsTo<T extends EventType> = Required<Pick<Subscriptions, T>>;

/** No outcome when nobody subscribes to the type. */
export type Dispatched =
  { readonly event: ReceivedEvent; readonly outcome: Outcome } | { readonly outcome: undefined };

/**
 * Hands a record to its subscription on behalf of a consumer group.
 * @throws UndecodableRecord when the record can never be read, and whatever the handler throws.
 */
export type Dispatch = (
  record: StreamRecord,
  on: {
    readonly consumer: string;
    readonly replay?: SettleLetter;
    /** Traceparent under which the event is handled; that of its header when absent. */
    readonly traceparent?: string;
  },
) => Promise<Dispatched>;

export function createDispatch(codec: EventCodec, subscriptions: Subscriptions): Dispatch {
  const hand = <T extends EventType>(
    event: ReceivedEvent<T>,
    record: StreamRecord,
    { consumer, replay, traceparent }: Parameters<Dispatch>[1],
  ): Promise<Outcome> | undefined => {
    const { type, metadata } = event;
    const subscription: ((incoming: Incoming<T>) => Promise<Outcome>) | undefined = subscriptions[type];
    return subscription?.({
      event,
      delivery: {
        consumer,
        eventId: metadata.eventId,
        eventType: type,
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
        publishedAt: record.timestamp,
        ...(replay === undefined ? {} : { replay }),
      },
      context: {
        correlationId: metadata.correlationId,
        causationId: metadata.causationId,
        traceparent: traceparent ?? continueTrace(record.headers['traceparent']),
        actor: `event:${type}`,
      },
      at: new Date(),
    });
  };

  /** Told by the header, so that what is not this service's business costs no decoding. */
  const isOfOthers = (type: string | undefined): boolean =>
    type !== undefined && type in eventCatalogue && !(type in subscriptions);

  return async (record, on) => {
    if (isOfOthers(record.headers['eventType'])) return { outcome: undefined };
    if (record.value === null) throw new UndecodableRecord('no_value', 'the record has no value');
    const event = await codec.decode(record.value);
    const outcome = await hand(event, record, on);
    return outcome === undefined ? { outcome } : { event, outcome };
  };
}
