// The public part of the system's health: whether the functions of the shop work, without names, processes and errors of the
// components. Pure.
import type { PartHealth } from './parts-health.ts';

export interface FunctionHealth {
  readonly name: string;
  readonly status: 'ok' | 'slow' | 'disrupted';
  /** What a customer or seller notices. Absent while the function works. */
  readonly effect?: string;
}

export interface SystemHealth {
  readonly checkedAt: string;
  readonly functions: readonly FunctionHealth[];
  /** Only for administrators. */
  readonly parts?: readonly PartHealth[];
}

interface ShopFunction {
  readonly name: string;
  /** The function does not work without these components. */
  readonly needs: readonly string[];
  readonly withoutThem: string;
  /** Without these components, events wait: the function works, but with a delay. */
  readonly delayedBy: readonly string[];
  readonly delayed: string;
}

const functions: readonly ShopFunction[] = [
  {
    name: 'Shop and stock',
    needs: ['inventory', 'inventory-db'],
    withoutThem: 'Products and stock cannot be shown or changed.',
    delayedBy: [],
    delayed: 'Pages may load slowly.',
  },
  {
    name: 'Orders',
    needs: ['order', 'order-db'],
    withoutThem: 'Orders cannot be placed, shown or shipped. Orders that were placed before are safe.',
    delayedBy: ['inventory', 'inventory-db', 'order-pipeline', 'inventory-pipeline', 'kafka', 'connect'],
    delayed: 'You can place orders. Their confirmation may take longer than usual. No order is lost.',
  },
  {
    name: 'Payments',
    needs: ['payment', 'payment-db', 'gateway'],
    withoutThem: 'Payments wait until the disruption is over. No order is charged twice.',
    delayedBy: ['payment-pipeline', 'kafka', 'connect'],
    delayed: 'Payments may take longer than usual. No order is charged twice.',
  },
];

export const functionsOf = (parts: readonly PartHealth[]): FunctionHealth[] =>
  functions.map(({ name, needs, withoutThem, delayedBy, delayed }) => {
    const isUnavailable = (names: readonly string[]): boolean =>
      parts.some((part) => names.includes(part.name) && part.status === 'unavailable');
    if (isUnavailable(needs)) return { name, status: 'disrupted', effect: withoutThem };
    if (isUnavailable(delayedBy)) return { name, status: 'disrupted', effect: delayed };
    const isOk = parts.every((part) => ![...needs, ...delayedBy].includes(part.name) || part.status === 'ok');
    return isOk ? { name, status: 'ok' } : { name, status: 'slow', effect: delayed };
  });
