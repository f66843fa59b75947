// The public part of the system's health: whether the functions of the shop work, without names, processes and errors of the
// components. Pure.
import type { PartHealth } from './parts-health.ts';

export interface FunctionHealth {
  readonly name: string;
  readonly status: 'ok' | 'slow' | 'disrupted';
}

export interface SystemHealth {
  readonly checkedAt: string;
  readonly functions: readonly FunctionHealth[];
  /** Only for administrators. */
  readonly parts?: readonly PartHealth[];
}

/** The functions of the shop, and the components that each depends on. */
const functions: readonly { readonly name: string; readonly needs: readonly string[] }[] = [
  { name: 'Shop and stock', needs: ['inventory', 'inventory-db'] },
  {
    name: 'Orders',
    needs: ['order', 'order-db', 'order-pipeline', 'inventory-pipeline', 'kafka', 'connect'],
  },
  { name: 'Payments', needs: ['payment', 'payment-db', 'payment-pipeline', 'gateway', 'kafka', 'connect'] },
];

export const functionsOf = (parts: readonly PartHealth[]): FunctionHealth[] =>
  functions.map(({ name, needs }) => {
    const needed = parts.filter((part) => needs.includes(part.name));
    if (needed.some(({ status }) => status === 'unavailable')) return { name, status: 'disrupted' };
    return { name, status: needed.every(({ status }) => status === 'ok') ? 'ok' : 'slow' };
  });
