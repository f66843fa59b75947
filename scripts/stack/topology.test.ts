// The topology names topics and consumer groups that are owned by the contract and by the services.
import { describe, expect, it } from 'vitest';
import { eventCatalogue } from '../../schemas/generated/events.ts';
import { consumerGroup as inventoryGroup } from '../../services/inventory/subscriptions.ts';
import { consumerGroup as orderGroup } from '../../services/order/subscriptions.ts';
import { consumerGroup as paymentGroup } from '../../services/payment/subscriptions.ts';
import { services, topics } from './topology.ts';

describe('the topology and the services agree', () => {
  it('on the topics', () => {
    expect(new Set(Object.values(eventCatalogue).map(({ topic }) => topic))).toEqual(new Set(topics));
  });
  it('on the consumer groups', () => {
    expect([orderGroup, inventoryGroup, paymentGroup]).toEqual([
      services.order.consumerGroup,
      services.inventory.consumerGroup,
      services.payment.consumerGroup,
    ]);
  });
});
