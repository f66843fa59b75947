// The commands for products and reservations, in each state.
import {
  decideProduct,
  maxUnits,
  type Product,
  type ProductInput,
} from '../../../services/inventory/domain/product.ts';
import { reemit, type RepairView } from '../../../services/inventory/domain/reemit.ts';
import { inventoryProblems } from '../../../services/inventory/http/api.ts';
import { now, orderId, owner, row, total, type Row } from './row.ts';

const product: Product = {
  productId: 'mug',
  sellerId: owner,
  name: 'Mug',
  sku: 'M-1',
  price: total,
  available: 10,
  reserved: 0,
  version: 4,
  createdAt: now,
};
const products = {
  'as it was read': { product, skuTaken: false },
  'changed meanwhile': { product: { ...product, version: 5 }, skuTaken: false },
  'changed to the same': { product: { ...product, name: 'Cup' }, skuTaken: false },
  full: { product: { ...product, available: maxUnits }, skuTaken: false },
  absent: { product: null, skuTaken: false },
};
const productCommand = (
  command: (sellerId: string) => ProductInput,
): Omit<Row<(typeof products)[keyof typeof products]>, 'answers'> => ({
  by: 'SELLER',
  problems: inventoryProblems,
  states: products,
  decide: (state, as) => decideProduct(command(as), state),
  stranger: '404 not_found',
});

const held = (
  state: RepairView['reservation']['state'],
  releasedBy: RepairView['releasedBy'] = null,
): RepairView => ({
  reservation: { orderId, state, items: [], expiresAt: null, createdAt: now, updatedAt: now },
  releasedBy,
});

export const inventoryCommands = {
  'products.change': row({
    ...productCommand((sellerId) => ({
      type: 'change',
      productId: 'mug',
      sellerId,
      at: now,
      name: 'Cup',
      expectedVersions: [4],
    })),
    answers: {
      'as it was read': 'done',
      'changed meanwhile': '412 stale_version',
      'changed to the same': 'unchanged: unchanged',
      full: 'done',
      absent: '404 not_found',
    },
  }),
  'products.restock': row({
    ...productCommand((sellerId) => ({ type: 'restock', productId: 'mug', sellerId, at: now, quantity: 1 })),
    answers: {
      'as it was read': 'done',
      'changed meanwhile': 'done',
      'changed to the same': 'done',
      full: '422 too_many_units',
      absent: '404 not_found',
    },
  }),
  'reservations.repair': row({
    by: 'ADMIN',
    problems: inventoryProblems,
    states: {
      reserved: held('reserved'),
      pinned: held('pinned'),
      failed: held('failed'),
      released: held('released', 'order_cancelled'),
      'released before it held anything': held('released'),
      expired: held('expired'),
      committed: held('committed'),
    },
    decide: reemit,
    answers: {
      reserved: 'done',
      pinned: 'done',
      failed: '409 not_reconstructible',
      released: 'done',
      'released before it held anything': 'unchanged: nothing_was_held',
      expired: 'done',
      committed: 'done',
    },
  }),
};
