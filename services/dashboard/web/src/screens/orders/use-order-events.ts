// Follows one order: each event of its trail makes the page read what it shows anew. While the connection is away the browser
// reconnects and tells the server which event it saw last; after a refusal this hook begins again, ever less often.
// Only a visible tab holds a stream: over HTTP/1.1 a browser opens six connections to a server, and six hidden tabs would take them all.
import { useDocumentVisibility } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { orderQuery } from '../../api/queries.ts';
import type { LiveState } from '../../parts/live-mark.tsx';

const types = [
  'place_order',
  'cancel',
  'confirm',
  'fulfill',
  'deadline',
  'inventory.reserved',
  'inventory.reservation_failed',
  'inventory.released',
  'inventory.committed',
  'payment.succeeded',
  'payment.failed',
  'payment.refunded',
];
/** Milliseconds. Events that come together are one reason to read. */
const together = 40;
const longestPause = 30_000;

export const useOrderEvents = (orderId: string): LiveState => {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>({ kind: 'connecting' });
  const isVisible = useDocumentVisibility() === 'visible';
  useEffect(() => {
    if (!isVisible) return undefined;
    let source: EventSource | undefined;
    let reading: ReturnType<typeof setTimeout> | undefined;
    let pausing: ReturnType<typeof setTimeout> | undefined;
    let refusals = 0;
    const read = (): void => {
      reading ??= setTimeout(() => {
        reading = undefined;
        void client.invalidateQueries({ queryKey: ['orders'] });
      }, together);
    };
    const isOver = (): boolean => {
      const status = client.getQueryData(orderQuery(orderId).queryKey)?.status;
      return status === 'FULFILLED' || status === 'CANCELLED';
    };
    const connect = (): void => {
      const opened = new EventSource(`/api/order/orders/${orderId}/events`);
      source = opened;
      for (const type of types) opened.addEventListener(type, read);
      opened.addEventListener('open', () => {
        refusals = 0;
        setState({ kind: 'live' });
      });
      opened.addEventListener('error', () => {
        read();
        if (isOver()) {
          // The server ends the stream of an order that is over.
          opened.close();
          setState({ kind: 'over' });
          return;
        }
        setState((before) =>
          before.kind === 'stale' ? before : { kind: 'stale', since: new Date().toISOString() },
        );
        if (opened.readyState !== EventSource.CLOSED) return;
        refusals += 1;
        pausing = setTimeout(
          connect,
          Math.min(longestPause, 500 * 2 ** refusals) * (0.5 + Math.random() / 2),
        );
      });
    };
    connect();
    return () => {
      source?.close();
      clearTimeout(reading);
      clearTimeout(pausing);
      setState({ kind: 'connecting' });
    };
  }, [client, orderId, isVisible]);
  return state;
};
