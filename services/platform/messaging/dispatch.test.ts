import { expect, it } from 'vitest';
import { UndecodableRecord, type EventCodec } from '../event-codec/event-codec.ts';
import { createDispatch } from './dispatch.ts';

const codec: EventCodec = {
  encode: () => {
    throw new Error('nothing is written here');
  },
  decode: () => Promise.reject(new UndecodableRecord('no_framing', 'the record was decoded')),
};
const dispatch = createDispatch(codec, { 'order.created': () => Promise.resolve({ kind: 'accepted' }) });
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const recordOf = (eventType?: string) => ({
  topic: 'order-events',
  partition: 0,
  offset: 1n,
  key: 'order-1',
  value: Buffer.from('not an event'),
  headers: eventType === undefined ? {} : { eventType },
  timestamp: new Date(0),
});

it('an event type without a subscription is skipped without being decoded', async () => {
  expect(await dispatch(recordOf('order.fulfilled'), { consumer: 'g', traceparent })).toEqual({
    outcome: undefined,
  });
});

it.each([
  ['a subscribed type', 'order.created'],
  ['an unknown type', 'a type that nobody knows'],
  ['no type', undefined],
])('a record with %s is decoded, because its event can have a subscription', async (_what, type) => {
  await expect(dispatch(recordOf(type), { consumer: 'g', traceparent })).rejects.toThrow(
    'the record was decoded',
  );
});
