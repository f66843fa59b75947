// Reads the stock of each product and the sum of its movements (the stock ledger). The role of the service may only append
// movements, and the movements of a product are appended one after the other. So a sum stays valid, and each read adds only the new
// movements.
import { sql } from 'drizzle-orm';
import type { Database } from '../platform/database/database.ts';
import type { StockFact } from './domain/facts.ts';
import { inSnapshot, listed, rowsOf } from './queries.ts';

export interface StockLedger {
  /** All products; stock, ledger and reservations of a product come from the same snapshot. */
  readonly read: () => Promise<readonly StockFact[]>;
}

interface LedgerLimits {
  /** Maximum number of products per transaction. */
  readonly products: number;
  /** Maximum number of movements per product and transaction. */
  readonly movements: number;
}
const defaultLimits: LedgerLimits = { products: 500, movements: 2_000 };

interface Sum {
  /** The last movement in the sums. */
  readonly sequence: number;
  readonly available: number;
  readonly reserved: number;
}
const emptySum: Sum = { sequence: 0, available: 0, reserved: 0 };

type Stock = Pick<StockFact, 'productId' | 'available' | 'reserved'>;
/** The total of a product's movements that are not yet in its sum. */
interface NewMovements extends Pick<Sum, 'available' | 'reserved'> {
  readonly productId: string;
  readonly movements: number;
  readonly sequence: number | null;
}

/** Keeps one sum per product in memory. */
export function openStockLedger(db: Database, limits: LedgerLimits = defaultLimits): StockLedger {
  const sums = new Map<string, Sum>();

  const readPage = (after: string) =>
    inSnapshot(db, async (tx) => {
      const stock = await rowsOf<Stock>(
        tx,
        sql`
            select product_id as "productId", available, reserved from inventory
            where product_id > ${after} order by product_id limit ${limits.products}`,
      );
      const ids = stock.map(({ productId }) => productId);
      const known = ids.map((id) => ({ id, sequence: sums.get(id)?.sequence ?? 0 }));
      const added = await rowsOf<NewMovements>(
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
    });

  const addUp = ({ productId, available, reserved, sequence }: NewMovements): void => {
    const before = sums.get(productId) ?? emptySum;
    sums.set(productId, {
      sequence: sequence ?? before.sequence,
      available: before.available + available,
      reserved: before.reserved + reserved,
    });
  };

  /**
   * Discards the sums of products whose stock differs from their sum, once per product and read. Returns whether a sum was
   * discarded. A restored database may have other movements, so a difference counts only if a newly computed sum confirms it.
   */
  const discardDiffering = (facts: readonly StockFact[], rechecked: Set<string>): boolean => {
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
        const { stock, added, held } = await readPage(after);
        added.forEach(addUp);
        // There are more movements than one transaction reads: read the same page again until the sums have all of them.
        if (added.some(({ movements }) => movements === limits.movements)) continue;
        const facts = stock.map(({ productId, available, reserved }) => {
          const sum = sums.get(productId) ?? emptySum;
          return {
            productId,
            available,
            reserved,
            ledgerAvailable: sum.available,
            ledgerReserved: sum.reserved,
            held: held.get(productId) ?? 0,
          };
        });
        if (discardDiffering(facts, rechecked)) continue;
        read.push(...facts);
        const last = stock.at(-1);
        if (!last || stock.length < limits.products) return read;
        after = last.productId;
      }
    },
  };
}
