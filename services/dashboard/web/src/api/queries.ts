// Every question that the pages ask, with the name it is cached under.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { query, request } from './request.ts';
import type { Order, OrderStatus, Page, PartsReport, Payment, Product, Session, Trail } from './types.ts';

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => request<Session>('/session', { signal }),
  // The server renews the session when it is asked.
  refetchInterval: 5 * 60_000,
  staleTime: 60_000,
});

const everyProduct = async (signal: AbortSignal): Promise<Product[]> => {
  const products: Product[] = [];
  let cursor: string | undefined;
  do {
    const page = await request<Page<Product>>(`/api/inventory/products${query({ limit: 100, cursor })}`, {
      signal,
    });
    products.push(...page.data);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && products.length < 2_000);
  return products;
};

export const productsQuery = queryOptions({
  queryKey: ['products'],
  queryFn: ({ signal }) => everyProduct(signal),
  refetchInterval: 5_000,
});

export const ordersQuery = (status?: OrderStatus) =>
  infiniteQueryOptions({
    queryKey: ['orders', 'list', status ?? 'all'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Order>>(`/api/order/orders${query({ limit: 20, status, cursor: pageParam })}`, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: 10_000,
  });

export const orderQuery = (id: string) =>
  queryOptions({
    queryKey: ['orders', id],
    queryFn: ({ signal }) => request<Order>(`/api/order/orders/${id}`, { signal }),
  });

export const trailQuery = (id: string) =>
  queryOptions({
    queryKey: ['orders', id, 'trail'],
    queryFn: async ({ signal }) =>
      (await request<{ data: Trail }>(`/api/order/orders/${id}/history`, { signal })).data,
  });

export const paymentQuery = (orderId: string) =>
  queryOptions({
    queryKey: ['orders', orderId, 'payment'],
    queryFn: ({ signal }) => request<Payment>(`/api/payment/payments/${orderId}`, { signal }),
    retry: false,
  });

export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: ({ signal }) => request<PartsReport>('/health', { signal }),
  refetchInterval: 2_000,
});
