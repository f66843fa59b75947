// Follows one order over server-sent events: each event reloads the data of the page. The browser itself reconnects after a lost
// connection and sends the last event id. After an error response the browser gives up, so this hook reconnects with backoff. Only
// a visible tab has a stream: over HTTP/1.1 a browser opens at most six connections to a server, and six hidden tabs would use
// them all.
import { useDocumentVisibility } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { orderQuery } from '../../api/queries.ts';
import { Problem } from '../../api/request.ts';
import type { LiveState } from '../../parts/live-mark.tsx';

const eventTypes = [
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
/** All events within this time cause a single reload. */
const debounceMs = 40;
const maxBackoffMs = 30_000;
/** A lost connection is shown only after this time. The stream also ends when the order reaches a final status, and the page needs a
 *  moment to load that status. */
const staleAfterMs = 1_500;

export const useOrderEvents = (orderId: string): LiveState => {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>({ kind: 'connecting' });
  const isVisible = useDocumentVisibility() === 'visible';
  useEffect(() => {
    if (!isVisible) return undefined;
    let source: EventSource | undefined;
    let reloadTimer: ReturnType<typeof setTimeout> | undefined;
    let reconnectTimer: ReturnType<typeof setTimeout> | undefined;
    let staleTimer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    const reload = (): void => {
      reloadTimer ??= setTimeout(() => {
        reloadTimer = undefined;
        void client.invalidateQueries({ queryKey: ['orders'] });
      }, debounceMs);
    };
    /** The order does not exist, or belongs to another customer. */
    const isNotFound = (): boolean => {
      const error = client.getQueryState(orderQuery(orderId).queryKey)?.error;
      return error instanceof Problem && error.status === 404;
    };
    const hasEnded = (): boolean => {
      const status = client.getQueryData(orderQuery(orderId).queryKey)?.status;
      return status === 'FULFILLED' || status === 'CANCELLED';
    };
    const connect = (): void => {
      const opened = new EventSource(`/api/order/orders/${orderId}/events`);
      source = opened;
      for (const type of eventTypes) opened.addEventListener(type, reload);
      opened.addEventListener('open', () => {
        failures = 0;
        clearTimeout(staleTimer);
        staleTimer = undefined;
        setState({ kind: 'live' });
      });
      opened.addEventListener('error', () => {
        if (isNotFound()) {
          opened.close();
          return;
        }
        reload();
        if (hasEnded()) {
          // The server closes the stream of an order that is FULFILLED or CANCELLED.
          opened.close();
          clearTimeout(staleTimer);
          setState({ kind: 'ended' });
          return;
        }
        const since = new Date().toISOString();
        staleTimer ??= setTimeout(
          () => setState(hasEnded() ? { kind: 'ended' } : { kind: 'stale', since }),
          staleAfterMs,
        );
        if (opened.readyState !== EventSource.CLOSED) return;
        failures += 1;
        reconnectTimer = setTimeout(
          connect,
          Math.min(maxBackoffMs, 500 * 2 ** failures) * (0.5 + Math.random() / 2),
        );
      });
    };
    connect();
    return () => {
      source?.close();
      clearTimeout(reloadTimer);
      clearTimeout(reconnectTimer);
      clearTimeout(staleTimer);
      setState({ kind: 'connecting' });
    };
  }, [client, orderId, isVisible]);
  return state;
};
