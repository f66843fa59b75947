// Time as tests move it: what is awaited for minutes in a shop is over at once. Only rows of one order are changed, and only
// to what they would be had the order been older.
import { query } from './shop.ts';

/** As if the order had been reserved so long ago that its hold lapses now; nothing when it holds nothing that lapses. */
export const lapse = (orderId: string) =>
  query(
    'inventory',
    (sql) =>
      sql`update reservations set expires_at = now() where order_id = ${orderId} and state = 'reserved' returning state`,
  );

/** As if the order had been placed longer ago than its deadline. */
export const age = (orderId: string) =>
  query(
    'order',
    (sql) =>
      sql`update orders set created_at = created_at - interval '46 minutes' where id = ${orderId} returning id`,
  );
