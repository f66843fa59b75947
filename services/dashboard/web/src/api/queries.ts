// Every question that the pages ask, with the name it is cached under.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { query, request } from './request.ts';
import type {
  Invariants,
  DeadLetterGroup,
  DeadLetterState,
  DeadLetterSummary,
  AuditEntry,
  CatalogueEvent,
  EventChanges,
  Flow,
  Movement,
  Order,
  OrderStatus,
  Page,
  PartsReport,
  Payment,
  PipelinesOverview,
  PermissionEntry,
  Product,
  ServiceName,
  Session,
  Story,
  Trail,
  WholeDeadLetter,
} from './types.ts';

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => request<Session>('/session', { signal }),
  // The server renews the session when it is asked.
  refetchInterval: 5 * 60_000,
  staleTime: 60_000,
});

/** All pages of a list, up to `most` entries. */
const everyPage = async <T>(
  path: string,
  filter: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  most = 2_000,
): Promise<T[]> => {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await request<Page<T>>(`${path}${query({ ...filter, limit: 100, cursor })}`, { signal });
    all.push(...page.data);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && all.length < most);
  return all;
};

export const productsQuery = queryOptions({
  queryKey: ['products', 'all'],
  queryFn: ({ signal }) => everyPage<Product>('/api/inventory/products', {}, signal),
  refetchInterval: 5_000,
});

export const ownProductsQuery = (sellerId: string) =>
  queryOptions({
    queryKey: ['products', 'of', sellerId],
    queryFn: ({ signal }) => everyPage<Product>('/api/inventory/products', { sellerId }, signal),
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
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: 5_000,
  });

/** The parcels that the seller owes, a page at a time. */
export const toShipQuery = (sort: 'oldest' | 'newest') =>
  infiniteQueryOptions({
    queryKey: ['orders', 'to-ship', sort],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Order>>(
        `/api/order/orders${query({ toShip: 'true', sort, limit: 50, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: 3_000,
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

export interface AllOrdersFilter {
  readonly status?: OrderStatus;
  readonly reason?: string;
  readonly customer?: string;
  /** A day, as `2026-11-26`, in the time of the reader. */
  readonly from?: string;
  readonly sort?: 'oldest';
}

/** The orders of everybody, as an administrator sees them. */
export const allOrdersQuery = ({ status, reason, customer, from, sort }: AllOrdersFilter) =>
  infiniteQueryOptions({
    queryKey: ['orders', 'everybody', { status, reason, customer, from, sort }],
    queryFn: ({ pageParam, signal }) => {
      const placedFrom = from === undefined ? undefined : new Date(`${from}T00:00`).toISOString();
      const filter = {
        limit: 100,
        status,
        reason,
        customerId: customer,
        placedFrom,
        sort,
        cursor: pageParam,
      };
      return request<Page<Order>>(`/api/order/orders${query(filter)}`, { signal });
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: 5_000,
  });

/** Whether nothing more is to be expected of a story soon. */
const isAtRest = ({ orders, events }: Story): boolean =>
  orders.every(({ status }) => status !== 'PENDING' && status !== 'CONFIRMED') &&
  events.every(({ consumptions }) => consumptions.length > 0);

export const storyQuery = (id: string) =>
  queryOptions({
    queryKey: ['stories', id],
    queryFn: ({ signal }) => request<Story>(`/api/auditor/stories/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: ({ state }) => (state.data !== undefined && isAtRest(state.data) ? 10_000 : 1_000),
  });

export const flowQuery = queryOptions({
  queryKey: ['flow'],
  queryFn: ({ signal }) => request<Flow>('/api/auditor/flow', { signal }),
  refetchInterval: 3_000,
});

export const pipelinesQuery = queryOptions({
  queryKey: ['pipelines'],
  queryFn: ({ signal }) => request<PipelinesOverview>('/api/auditor/pipelines', { signal }),
  refetchInterval: 3_000,
});

export const invariantsQuery = queryOptions({
  queryKey: ['invariants'],
  queryFn: ({ signal }) => request<Invariants>('/api/auditor/invariants', { signal }),
  refetchInterval: 5_000,
});

export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: ({ signal }) => request<PartsReport>('/health', { signal }),
  refetchInterval: 2_000,
});

export const deadLetterGroupsQuery = (service: ServiceName) =>
  queryOptions({
    queryKey: ['dead-letters', service, 'groups'],
    queryFn: async ({ signal }) =>
      (await request<{ data: DeadLetterGroup[] }>(`/api/${service}/dead-letters/groups`, { signal })).data,
    refetchInterval: 5_000,
  });

export const deadLettersQuery = (service: ServiceName, state: DeadLetterState, fingerprint?: string) =>
  infiniteQueryOptions({
    queryKey: ['dead-letters', service, 'list', state, fingerprint ?? 'all'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<DeadLetterSummary>>(
        `/api/${service}/dead-letters${query({ state, fingerprint, limit: 50, cursor: pageParam })}`,
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: 5_000,
  });

export const deadLetterQuery = (service: ServiceName, id: string) =>
  queryOptions({
    queryKey: ['dead-letters', service, id],
    queryFn: ({ signal }) => request<WholeDeadLetter>(`/api/${service}/dead-letters/${id}`, { signal }),
    refetchInterval: 10_000,
  });

/** What the code declares does not change while a server runs. */
const declared = { staleTime: 5 * 60_000 };

export const eventsQuery = queryOptions({
  queryKey: ['catalogue', 'events'],
  queryFn: async ({ signal }) =>
    (await request<{ data: CatalogueEvent[] }>('/api/catalogue/events', { signal })).data,
  ...declared,
});

export const changesQuery = (type: string, from: number, to: number) =>
  queryOptions({
    queryKey: ['catalogue', 'events', type, 'changes', from, to],
    queryFn: ({ signal }) =>
      request<EventChanges>(
        `/api/catalogue/events/${encodeURIComponent(type)}/changes${query({ from, to })}`,
        { signal },
      ),
    ...declared,
  });

export const permissionsQuery = queryOptions({
  queryKey: ['catalogue', 'permissions'],
  queryFn: async ({ signal }) =>
    (await request<{ data: PermissionEntry[] }>('/api/catalogue/permissions', { signal })).data,
  ...declared,
});

/** What people did and were refused at a service, newest first. */
export const auditQuery = (service: string, filter: Readonly<Record<string, string | undefined>>) =>
  infiniteQueryOptions({
    queryKey: ['audit', service, filter],
    queryFn: ({ pageParam, signal }) =>
      request<Page<AuditEntry>>(
        `/api/${service}/audit${query({ ...filter, limit: 50, cursor: pageParam })}`,
        {
          signal,
        },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: 10_000,
  });
