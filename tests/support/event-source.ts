// A client of server-sent events. Unlike the EventSource of a browser, it exposes the status, the comments and the end of the stream.
import { eventually, query, stack, tokenOf, type Person } from './shop.ts';

interface StreamedEvent {
  readonly id: number;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

export interface EventStream {
  readonly status: number;
  readonly headers: Headers;
  /** The events received so far. */
  readonly events: readonly StreamedEvent[];
  readonly comments: readonly string[];
  /** Resolves at the end of the stream: `ended` if the server closed it, `interrupted` after `close` or a lost connection. */
  readonly end: Promise<'ended' | 'interrupted'>;
  /** Closes the connection, as a closed tab does. */
  readonly close: () => void;
}

const toEvent = (block: string): StreamedEvent | undefined => {
  const field = (name: string): string | undefined =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const data = field('data');
  return data === undefined
    ? undefined
    : { id: Number(field('id')), type: String(field('event')), data: JSON.parse(data) };
};

interface OpenEvents {
  readonly as?: Person;
  readonly lastEventId?: number | undefined;
  readonly method?: string;
  /** The address of the order service. Default: the instance of the stack. */
  readonly url?: string;
}

/** Opens the event stream of an order. Resolves once the headers of the response have arrived. */
export async function openEvents(
  orderId: string,
  { as = 'user', lastEventId, method = 'GET', url = stack.urls.order }: OpenEvents = {},
): Promise<EventStream> {
  const abortController = new AbortController();
  const response = await fetch(`${url}/api/v1/orders/${orderId}/events`, {
    method,
    headers: {
      authorization: `Bearer ${await tokenOf(as)}`,
      accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }),
    },
    signal: abortController.signal,
  });
  const events: StreamedEvent[] = [];
  const comments: string[] = [];
  const read = async (): Promise<'ended' | 'interrupted'> => {
    let text = '';
    try {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const blocks = (text + chunk).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const event = toEvent(block);
          if (event) events.push(event);
          else comments.push(block);
        }
      }
      return 'ended';
    } catch {
      return 'interrupted';
    }
  };
  return {
    status: response.status,
    headers: response.headers,
    events,
    comments,
    end: read(),
    close: () => abortController.abort(),
  };
}

/**
 * Follows an order to its final status, as an EventSource does: reconnects with the last event id whenever the stream ends or cannot
 * be opened, and stops after a response with status 204. Returns all events in the sequence in which they were received.
 */
export async function followToEnd(orderId: string, signal: AbortSignal): Promise<StreamedEvent[]> {
  const received: StreamedEvent[] = [];
  while (!signal.aborted) {
    try {
      const stream = await openEvents(orderId, { lastEventId: received.at(-1)?.id });
      await stream.end;
      if (stream.status === 204) return received;
      received.push(...stream.events);
    } catch {
      // The service is not available at the moment.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`order ${orderId} has no final status; received: ${JSON.stringify(received)}`);
}

/** The history of an order in the database. */
export const historyOf = (id: string) =>
  query(
    'order',
    (sql) =>
      sql`select sequence::int as id, type, version from order_events where order_id = ${id} order by sequence`,
  );
export const receivedHistory = (stream: Pick<EventStream, 'events'>) =>
  stream.events.map(({ id, type, data }) => ({ id, type, version: data['version'] }));
export const statuses = (stream: EventStream) => stream.events.map(({ data }) => data['status']);
export const untilStatus = (stream: EventStream, status: string) =>
  eventually(`the stream has ${status}`, async () => statuses(stream).includes(status));
