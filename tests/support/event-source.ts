// A client of Server-Sent Events that also shows what a browser's EventSource hides: the status, the comments, the end.
import { eventually, query, stack, tokenOf, type Person } from './shop.ts';

interface StreamedEvent {
  readonly id: number;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

export interface EventStream {
  readonly status: number;
  readonly headers: Headers;
  /** Received so far. */
  readonly events: readonly StreamedEvent[];
  readonly comments: readonly string[];
  /** Resolves at the end of the stream: `ended` regularly by the server, or `cut` off. */
  readonly over: Promise<'ended' | 'cut'>;
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
  readonly lastEventId?: number | string | undefined;
  readonly method?: string;
  /** The address of another instance than the stack's. */
  readonly url?: string;
}

/** Opens the event stream of an order. Resolves when the headers of the answer are there. */
export async function openEvents(
  orderId: string,
  { as = 'user', lastEventId, method = 'GET', url = stack.urls.order }: OpenEvents = {},
): Promise<EventStream> {
  const closing = new AbortController();
  const response = await fetch(`${url}/api/v1/orders/${orderId}/events`, {
    method,
    headers: {
      authorization: `Bearer ${await tokenOf(as)}`,
      accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }),
    },
    signal: closing.signal,
  });
  const events: StreamedEvent[] = [];
  const comments: string[] = [];
  const read = async (): Promise<'ended' | 'cut'> => {
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
      return 'cut';
    }
  };
  return {
    status: response.status,
    headers: response.headers,
    events,
    comments,
    over: read(),
    close: () => closing.abort(),
  };
}

/**
 * Follows an order to its end as an EventSource does: reconnects with the last id whenever the stream ends or cannot be opened,
 * and stops at 204. Returns all events in the order in which they were received.
 */
export async function followToTheEnd(orderId: string, signal: AbortSignal): Promise<StreamedEvent[]> {
  const received: StreamedEvent[] = [];
  while (!signal.aborted) {
    try {
      const stream = await openEvents(orderId, { lastEventId: received.at(-1)?.id });
      await stream.over;
      if (stream.status === 204) return received;
      received.push(...stream.events);
    } catch {
      // The service does not answer at the moment.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`order ${orderId} did not end; seen: ${JSON.stringify(received)}`);
}

/** The trail of an order in the database. */
export const trailOf = (id: string) =>
  query(
    'order',
    (sql) =>
      sql`select sequence::int as id, type, version from order_events where order_id = ${id} order by sequence`,
  );
export const receivedTrail = (stream: Pick<EventStream, 'events'>) =>
  stream.events.map(({ id, type, data }) => ({ id, type, version: data['version'] }));
export const statuses = (stream: EventStream) => stream.events.map(({ data }) => data['status']);
export const untilStatus = (stream: EventStream, status: string) =>
  eventually(`the stream has ${status}`, async () => statuses(stream).includes(status));
