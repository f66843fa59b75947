// The stock of each product beside what its ledger adds up to. The role of the service may only append to the ledger, and the
// movements of a product are appended one after the other, so what has been added up once stays: a look reads only what is new,
// however long the ledger has become.
import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database/database.ts';
import type { StockFact } from './domain/facts.ts';
import { listed, rowsOf } from './queries.ts';

export interface StockLedger {
  /** All products, each compared within one snapshot. */
  readonly read: () => Promise<readonly StockFact[]>;
}

export interface LedgerLimits {
  /** Products of one transaction. */
  readonly products: number;
  /** Movements of one product in one transaction. */
  readonly movements: number;
}
const defaultLimits: LedgerLimits = { products: 500, movements: 2_000 };

interface Sum {
  /** The last movement that is in the sums. */
  readonly sequence: number;
  readonly available: number;
  readonly reserved: number;
}
const nothing: Sum = { sequence: 0, available: 0, reserved: 0 };

type Stock = Pick<StockFact, 'productId' | 'available' | 'reserved'>;
/** The movements of a product after those that are in its sum. */
interface Added extends Pick<Sum, 'available' | 'reserved'> {
  readonly productId: string;
  readonly movements: number;
  readonly sequence: number | null;
}

/** Remembers one sum per product. */
export function openStockLedger(db: Database, limits: LedgerLimits = defaultLimits): StockLedger {
  const sums = new Map<string, Sum>();

  const look = (after: string) =>
    db.transaction(
      async (tx) => {
        const stock = await rowsOf<Stock>(
          tx,
          sql`
            select product_id as "productId", available, reserved from inventory
            where product_id > ${after} order by product_id limit ${limits.products}`,
        );
        const ids = stock.map(({ productId }) => productId);
        const known = ids.map((id) => ({ id, sequence: sums.get(id)?.sequence ?? 0 }));
        const added = await rowsOf<Added>(
          tx,
          sql`
            select known.id as "productId", latest.*
            from json_to_recordset(${JSON.stringify(known)}::json) as known (id text, sequence bigint)
            cross join lateral (
              select coalesce(sum(available_delta), 0)::int as available, coalesce(sum(reserved_delta), 0)::int as reserved,
                     count(*)::int as movements, max(sequence)::float8 as sequence
              from (
                select sequence, available_delta, reserved_delta from stock_movements
                where product_id = known.id and sequence > known.sequence
                order by sequence limit ${limits.movements}) as page) as latest`,
        );
        const held = await rowsOf<{ readonly productId: string; readonly held: number }>(
          tx,
          sql`
            select product_id as "productId", sum(quantity)::int as held
            from reservation_items join reservations using (order_id)
            where state in ('reserved', 'pinned') and product_id in ${listed(ids, 'text')} group by product_id`,
        );
        return { stock, added, held: new Map(held.map((row) => [row.productId, row.held])) };
      },
      { isolationLevel: 'repeatable read', accessMode: 'read only' },
    );

  const addUp = ({ productId, available, reserved, sequence }: Added): void => {
    const before = sums.get(productId) ?? nothing;
    sums.set(productId, {
      sequence: sequence ?? before.sequence,
      available: before.available + available,
      reserved: before.reserved + reserved,
    });
  };

  /** A database that was restored has another past: the sums of products that differ are made anew before anybody is told. */
  const forget = (facts: readonly StockFact[], rechecked: Set<string>): boolean => {
    const differing = facts.filter(
      ({ productId, available, reserved, ledgerAvailable, ledgerReserved }) =>
        !rechecked.has(productId) && (available !== ledgerAvailable || reserved !== ledgerReserved),
    );
    for (const { productId } of differing) {
      sums.delete(productId);
      rechecked.add(productId);
    }
    return differing.length > 0;
  };

  return {
    read: async () => {
      const read: StockFact[] = [];
      const rechecked = new Set<string>();
      for (let after = ''; ;) {
        const { stock, added, held } = await look(after);
        added.forEach(addUp);
        // A product with more movements than one transaction reads is compared once all of them are in its sum.
        if (added.some(({ movements }) => movements === limits.movements)) continue;
        const facts = stock.map(({ productId, available, reserved }) => {
          const sum = sums.get(productId) ?? nothing;
          return {
            productId,
            available,
            reserved,
            ledgerAvailable: sum.available,
            ledgerReserved: sum.reserved,
            held: held.get(productId) ?? 0,
          };
        });
        if (forget(facts, rechecked)) continue;
        read.push(...facts);
        const last = stock.at(-1);
        if (!last || stock.length < limits.products) return read;
        after = last.productId;
      }
    },
  };
}
