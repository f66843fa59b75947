// The queries of the customer, seller and public pages, with their cache keys.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { livePaging } from './live-paging.ts';
import { query, request } from './request.ts';
import type {
  Movement,
  Order,
  OrderStatus,
  Page,
  SystemHealth,
  Payment,
  Product,
  Session,
  OrderHistory,
} from './types.ts';

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => request<Session>('/session', { signal }),
  // Reading the session also renews it on the server.
  refetchInterval: 5 * 60_000,
  staleTime: 60_000,
});

export interface ProductSearch {
  readonly q?: string;
  readonly seller?: string;
  readonly sort?: 'name' | 'price' | '-price';
}

/** The product list of the shop, page by page. */
export const productsQuery = ({ q, seller, sort = 'name' }: ProductSearch) =>
  infiniteQueryOptions({
    queryKey: ['products', 'shop', { q, seller, sort }],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Product>>(
        `/api/inventory/products${query({ q, sellerId: seller, sort, limit: 48, cursor: pageParam })}`,
        { signal },
      ),
    ...livePaging(5_000),
    // The previous results stay visible until the new results arrive, so the page does not jump while the user types.
    placeholderData: keepPreviousData,
  });

export const productQuery = (id: string) =>
  queryOptions({
    queryKey: ['products', 'one', id],
    queryFn: ({ signal }) => request<Product>(`/api/inventory/products/${id}`, { signal }),
    refetchInterval: 5_000,
  });

/** At most this number of a seller's products are read. */
const maxOwnProducts = 2_000;

/** The products of a seller, read page by page. `hasMore`: the seller has more products than were read. */
export const ownProductsQuery = (sellerId: string) =>
  queryOptions({
    queryKey: ['products', 'of', sellerId],
    queryFn: async ({ signal }) => {
      const products: Product[] = [];
      let cursor: string | undefined;
      do {
        const path = `/api/inventory/products${query({ sellerId, limit: 100, cursor })}`;
        const page: Page<Product> = await request(path, { signal });
        products.push(...page.data);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined && products.length < maxOwnProducts);
      return { products, hasMore: cursor !== undefined };
    },
    refetchInterval: 3_000,
  });

export const movementsQuery = (productId: string) =>
  infiniteQueryOptions({
    queryKey: ['products', productId, 'movements'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Movement>>(
        `/api/inventory/products/${productId}/movements${query({ limit: 20, cursor: pageParam })}`,
        { signal },
      ),
    ...livePaging(5_000),
  });

/** The paid orders that the seller has to ship, page by page. */
export const toShipQuery = (sort: 'oldest' | 'newest') =>
  infiniteQueryOptions({
    queryKey: ['orders', 'to-ship', sort],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Order>>(
        `/api/order/orders${query({ toShip: 'true', sort, limit: 50, cursor: pageParam })}`,
        { signal },
      ),
    ...livePaging(3_000),
  });

export const ordersQuery = (status?: OrderStatus) =>
  infiniteQueryOptions({
    queryKey: ['orders', 'list', status ?? 'all'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Order>>(`/api/order/orders${query({ limit: 20, status, cursor: pageParam })}`, { signal }),
    ...livePaging(10_000),
  });

export const orderQuery = (id: string) =>
  queryOptions({
    queryKey: ['orders', id],
    queryFn: ({ signal }) => request<Order>(`/api/order/orders/${id}`, { signal }),
  });

export const historyQuery = (id: string) =>
  queryOptions({
    queryKey: ['orders', id, 'history'],
    queryFn: async ({ signal }) =>
      (await request<{ data: OrderHistory }>(`/api/order/orders/${id}/history`, { signal })).data,
  });

export const paymentQuery = (orderId: string) =>
  queryOptions({
    queryKey: ['orders', orderId, 'payment'],
    queryFn: ({ signal }) => request<Payment>(`/api/payment/payments/${orderId}`, { signal }),
    retry: false,
  });

export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: ({ signal }) => request<SystemHealth>('/health', { signal }),
  refetchInterval: 2_000,
});
