// The topology repeats topics of the event contract and consumer groups of the services.
import { describe, expect, it } from 'vitest';
import { eventCatalogue } from '../../schemas/generated/events.ts';
import { consumerGroup as inventoryGroup } from '../../services/inventory/subscriptions.ts';
import { consumerGroup as orderGroup } from '../../services/order/subscriptions.ts';
import { consumerGroup as paymentGroup } from '../../services/payment/subscriptions.ts';
import { services, topics } from './topology.ts';

describe('the topology', () => {
  it('has the topics of the event contract', () => {
    expect(new Set(Object.values(eventCatalogue).map(({ topic }) => topic))).toEqual(new Set(topics));
  });
  it('has the consumer groups of the services', () => {
    expect([orderGroup, inventoryGroup, paymentGroup]).toEqual([
      services.order.consumerGroup,
      services.inventory.consumerGroup,
      services.payment.consumerGroup,
    ]);
  });
});
