// The scope of the permission table, as the rows of orders know it.
import { callerOf, type AppContext } from '../../platform/http/server/request-context.ts';
import type { Viewer } from '../order-queries.ts';

/** As whom the caller looks at orders. */
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
