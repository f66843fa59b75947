// Makes one order older by changing the timestamps in its rows, so tests need not wait.
import { query } from './shop.ts';

/** Makes the reservation of an order expire now. Returns no row if the order has no reservation that can expire. */
export const expireReservation = (orderId: string) =>
  query(
    'inventory',
    (sql) =>
      sql`update reservations set expires_at = now() where order_id = ${orderId} and state = 'reserved' returning state`,
  );

/** Makes an order 46 minutes older: with the settings of the tests, that is beyond its deadline. */
export const ageOrder = (orderId: string) =>
  query(
    'order',
    (sql) =>
      sql`update orders set created_at = created_at - interval '46 minutes' where id = ${orderId} returning id`,
  );
