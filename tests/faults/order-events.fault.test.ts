// The live stream of an order across a killed service and a database that is away: no gap, no repeat.
import { describe, expect, it } from 'vitest';
import {
  followToTheEnd,
  openEvents,
  receivedTrail,
  statuses,
  trailOf,
  untilStatus,
} from '../support/event-source.ts';
import { act, eventually, killHard, orderWith, pay, place, signalPart, useProduct } from '../support/shop.ts';

const thing = useProduct(1_000);

describe('a stream', () => {
  it('survives kill -9 of the service: no gap, no repeat', { timeout: 120_000 }, async () => {
    const id = (await place({ items: [{ productId: thing.id, quantity: 1 }], mode: 'MANUAL' })).id;
    const following = followToTheEnd(id, AbortSignal.timeout(90_000));
    await orderWith(id, 'CONFIRMED');
    await killHard('order');
    await pay(id);
    await killHard('order');
    await orderWith(id, 'PAID', 60_000);
    await act(id, 'confirm', 'seller');
    await killHard('order');
    await eventually('it is shipped', async () => (await act(id, 'fulfill', 'seller')).status === 200);
    const told = await following;
    expect(told.map(({ data }) => data['status'])).toContain('FULFILLED');
    expect(receivedTrail({ events: told })).toEqual((await trailOf(id)).slice(0, told.length));
  });

  it('waits while the database is away', { timeout: 120_000 }, async () => {
    const id = (await place({ items: [{ productId: thing.id, quantity: 1 }], mode: 'MANUAL' })).id;
    const stream = await openEvents(id);
    await untilStatus(stream, 'CONFIRMED');
    await signalPart('order-db', 'SIGQUIT');
    await eventually(
      'the order can be cancelled again',
      async () => (await act(id, 'cancel', 'user')).status === 200,
      60_000,
    );
    expect(await stream.over).toBe('ended');
    expect(receivedTrail(stream)).toEqual((await trailOf(id)).slice(0, stream.events.length));
    expect(statuses(stream).at(-1)).toBe('CANCELLED');
  });
});
