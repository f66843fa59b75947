// The table of expected reactions in the auditor must equal the subscriptions of the services.
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { expect, it } from 'vitest';
import { subscriptions as ofInventory } from '../../services/inventory/subscriptions.ts';
import { subscriptions as ofOrder } from '../../services/order/subscriptions.ts';
import { subscriptions as ofPayment } from '../../services/payment/subscriptions.ts';
import { createEventCodec } from '../../services/platform/event-codec/event-codec.ts';
import { everyService } from '../../services/auditor/domain/facts.ts';
import { reactions } from '../../services/auditor/domain/deliveries.ts';

it('the auditor expects reactions of exactly the groups that subscribe', () => {
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
    order: Object.keys(ofOrder(shell)),
    inventory: Object.keys(ofInventory(shell, 1_000)),
    payment: Object.keys(ofPayment(shell, () => undefined)),
  };
  for (const service of everyService) {
    const reacting = Object.entries(reactions).filter(([, services]) => services.includes(service));
    expect(reacting.map(([type]) => type).sort()).toEqual(subscribed[service].sort());
  }
});
