// Simulates defects of the inventory service and corruptions of its data.
import { query } from './shop.ts';

/** Simulates a defect: the service cannot store a reservation of this product. */
export const breakReservationsOf = (productId: string) =>
  query('inventory', (sql) =>
    sql.unsafe(
      `alter table reservation_items add constraint broken check (product_id <> '${productId}') not valid`,
    ),
  );

export const repairReservations = () =>
  query('inventory', (sql) => sql`alter table reservation_items drop constraint if exists broken`);

/** Simulates a corruption: reserved units without a reservation. */
export const addReservedUnits = (productId: string, units: number) =>
  query(
    'inventory',
    (sql) => sql`update inventory set reserved = reserved + ${units} where product_id = ${productId}`,
  );
