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
  'unchanged since it was read': { product, skuTaken: false },
  'changed since it was read': { product: { ...product, version: 5 }, skuTaken: false },
  'changed to the requested name': { product: { ...product, name: 'Cup' }, skuTaken: false },
  full: { product: { ...product, available: maxUnits }, skuTaken: false },
  absent: { product: null, skuTaken: false },
};
const productCommand = (
  command: (sellerId: string) => ProductInput,
): Omit<Row<(typeof products)[keyof typeof products]>, 'answers'> => ({
  allowedRole: 'SELLER',
  problems: inventoryProblems,
  states: products,
  decide: (state, as) => decideProduct(command(as), state),
  answerToOther: '404 not_found',
});

const repairView = (
  state: RepairView['reservation']['state'],
  releaseReason: RepairView['releaseReason'] = null,
): RepairView => ({
  reservation: { orderId, state, items: [], expiresAt: null, createdAt: now, updatedAt: now },
  releaseReason,
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
      'unchanged since it was read': 'accepted',
      'changed since it was read': '412 stale_version',
      'changed to the requested name': 'ignored: unchanged',
      full: 'accepted',
      absent: '404 not_found',
    },
  }),
  'products.restock': row({
    ...productCommand((sellerId) => ({ type: 'restock', productId: 'mug', sellerId, at: now, quantity: 1 })),
    answers: {
      'unchanged since it was read': 'accepted',
      'changed since it was read': 'accepted',
      'changed to the requested name': 'accepted',
      full: '422 too_many_units',
      absent: '404 not_found',
    },
  }),
  'reservations.repair': row({
    allowedRole: 'ADMIN',
    problems: inventoryProblems,
    states: {
      reserved: repairView('reserved'),
      pinned: repairView('pinned'),
      failed: repairView('failed'),
      released: repairView('released', 'order_cancelled'),
      'released before it reserved anything': repairView('released'),
      expired: repairView('expired'),
      committed: repairView('committed'),
    },
    decide: reemit,
    answers: {
      reserved: 'accepted',
      pinned: 'accepted',
      failed: '409 not_reconstructible',
      released: 'accepted',
      'released before it reserved anything': 'ignored: nothing_was_held',
      expired: 'accepted',
      committed: 'accepted',
    },
  }),
};
