// The event stream of an order while its service is killed or its database is unavailable: the stream has no gap and repeats no event.
import { describe, expect, it } from 'vitest';
import {
  followToEnd,
  openEvents,
  receivedHistory,
  statuses,
  historyOf,
  untilStatus,
} from '../support/event-source.ts';
import {
  act,
  eventually,
  killHard,
  orderOne,
  orderWith,
  pay,
  signalPart,
  useProduct,
} from '../support/shop.ts';

const testProduct = useProduct(1_000);

describe('a stream', () => {
  it('has no gap and repeats no event after kill -9 of the service', { timeout: 120_000 }, async () => {
    const id = (await orderOne(testProduct.id, { mode: 'MANUAL' })).id;
    const following = followToEnd(id, AbortSignal.timeout(90_000));
    await orderWith(id, 'CONFIRMED');
    await killHard('order');
    await pay(id);
    await killHard('order');
    await orderWith(id, 'PAID', 60_000);
    await act(id, 'confirm', 'seller');
    await killHard('order');
    await eventually('the order is shipped', async () => (await act(id, 'fulfill', 'seller')).status === 200);
    const followed = await following;
    expect(followed.map(({ data }) => data['status'])).toContain('FULFILLED');
    expect(receivedHistory({ events: followed })).toEqual((await historyOf(id)).slice(0, followed.length));
  });

  it('continues after an outage of the database', { timeout: 120_000 }, async () => {
    const id = (await orderOne(testProduct.id, { mode: 'MANUAL' })).id;
    const stream = await openEvents(id);
    await untilStatus(stream, 'CONFIRMED');
    await signalPart('order-db', 'SIGQUIT');
    await eventually(
      'the order can be cancelled again',
      async () => (await act(id, 'cancel', 'user')).status === 200,
      60_000,
    );
    expect(await stream.end).toBe('ended');
    expect(receivedHistory(stream)).toEqual((await historyOf(id)).slice(0, stream.events.length));
    expect(statuses(stream).at(-1)).toBe('CANCELLED');
  });
});
