// Converts the scope that the caller has by the permission table into a `Viewer`, which decides what the caller sees of orders.
import { callerOf, type AppContext } from '../../platform/http/server/request-context.ts';
import type { Viewer } from '../order-queries.ts';

export const viewerOf = (c: AppContext): Viewer => {
  const { scope, subject: id } = callerOf(c);
  switch (scope) {
    case 'all':
      return { as: 'admin' };
    case 'own lines':
      return { as: 'seller', id };
    case 'own':
      return { as: 'customer', id };
    default:
      return scope satisfies never;
  }
};
