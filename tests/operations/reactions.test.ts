// The table of expected reactions in the auditor must equal the subscriptions of the services.
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { expect, it } from 'vitest';
import { subscriptions as inventorySubscriptions } from '../../services/inventory/subscriptions.ts';
import { subscriptions as orderSubscriptions } from '../../services/order/subscriptions.ts';
import { subscriptions as paymentSubscriptions } from '../../services/payment/subscriptions.ts';
import { createEventCodec } from '../../services/platform/event-codec/event-codec.ts';
import { everyService } from '../../services/auditor/domain/facts.ts';
import { reactions } from '../../services/auditor/domain/deliveries.ts';

it('the auditor expects a reaction to an event from exactly the groups that subscribe to the event', () => {
  // The database is never used, because the test only lists the subscriptions.
  const db = drizzle(postgres({ max: 1 }));
  const shell = {
    db,
    codec: createEventCodec(
      () => undefined,
      () => Promise.resolve(undefined),
    ),
  };
  const subscribed = {
    order: Object.keys(orderSubscriptions(shell)),
    inventory: Object.keys(inventorySubscriptions(shell, 1_000)),
    payment: Object.keys(paymentSubscriptions(shell, () => undefined)),
  };
  for (const service of everyService) {
    const reacting = Object.entries(reactions).filter(([, services]) => services.includes(service));
    expect(reacting.map(([type]) => type).sort()).toEqual(subscribed[service].sort());
  }
});
