// A defect of the inventory service: it cannot store a reservation of one product.
import { query } from './shop.ts';

export const breakReservationsOf = (productId: string) =>
  query('inventory', (sql) =>
    sql.unsafe(
      `alter table reservation_items add constraint broken check (product_id <> '${productId}') not valid`,
    ),
  );

export const repairReservations = () =>
  query('inventory', (sql) => sql`alter table reservation_items drop constraint if exists broken`);
