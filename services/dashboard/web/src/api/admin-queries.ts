// The queries of the administrator pages, with their cache keys.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { livePaging } from './live-paging.ts';
import { Problem, query, request } from './request.ts';
import type {
  AuditEntry,
  CatalogueEvent,
  DeadLetterCause,
  DeadLetterState,
  DeadLetterSummary,
  EventChanges,
  Flow,
  Incidents,
  Invariants,
  Order,
  OrderStatus,
  Page,
  PermissionEntry,
  PipelinesOverview,
  ServiceName,
  Story,
  WholeDeadLetter,
} from './types.ts';

export interface AllOrdersFilter {
  readonly status?: OrderStatus;
  readonly reason?: string;
  readonly customer?: string;
  /** The first and the last day, such as `2026-11-26`, in the time zone of the browser. */
  readonly from?: string;
  readonly to?: string;
  readonly sort?: 'oldest';
  /** Only orders that wait for the system and have not changed for this many seconds. */
  readonly stuck?: number;
}

/** The start of the day that is `daysLater` days after `day`, in the time zone of the browser, as an ISO 8601 instant. */
const startOfDay = (day: string, daysLater = 0): string => {
  const date = new Date(`${day}T00:00`);
  date.setDate(date.getDate() + daysLater);
  return date.toISOString();
};

/** The orders of all customers. */
export const allOrdersQuery = ({ status, reason, customer, from, to, sort, stuck }: AllOrdersFilter) =>
  infiniteQueryOptions({
    queryKey: ['orders', 'everybody', { status, reason, customer, from, to, sort, stuck }],
    queryFn: ({ pageParam, signal }) => {
      const filter = {
        limit: 100,
        status,
        reason,
        customerId: customer,
        placedFrom: from && startOfDay(from),
        placedBefore: to && startOfDay(to, 1),
        sort,
        stuckSeconds: stuck,
        cursor: pageParam,
      };
      return request<Page<Order>>(`/api/order/orders${query(filter)}`, { signal });
    },
    ...livePaging(5_000),
  });

/** Whether every order is paid, fulfilled or cancelled, and every event has a consumption. Slow polling is then enough. */
const isSettled = ({ orders, events }: Story): boolean =>
  orders.every(({ status }) => status !== 'PENDING' && status !== 'CONFIRMED') &&
  events.every(({ consumptions }) => consumptions.length > 0);

export const storyQuery = (id: string) =>
  queryOptions({
    queryKey: ['stories', id],
    queryFn: ({ signal }) => request<Story>(`/api/auditor/stories/${encodeURIComponent(id)}`, { signal }),
    // Polling stops for an unknown id.
    refetchInterval: ({ state }) => {
      if (state.data === undefined && state.error instanceof Problem && state.error.status === 404)
        return false;
      return state.data !== undefined && isSettled(state.data) ? 10_000 : 1_000;
    },
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

export const incidentsQuery = queryOptions({
  queryKey: ['incidents'],
  queryFn: ({ signal }) => request<Incidents>('/api/auditor/incidents', { signal }),
  refetchInterval: 5_000,
});

export const invariantsQuery = queryOptions({
  queryKey: ['invariants'],
  queryFn: ({ signal }) => request<Invariants>('/api/auditor/invariants', { signal }),
  refetchInterval: 5_000,
});

export const deadLetterCausesQuery = (service: ServiceName) =>
  queryOptions({
    queryKey: ['dead-letters', service, 'causes'],
    queryFn: async ({ signal }) =>
      (await request<{ data: DeadLetterCause[] }>(`/api/${service}/dead-letters/groups`, { signal })).data,
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
    ...livePaging(5_000),
  });

export const deadLetterQuery = (service: ServiceName, id: string) =>
  queryOptions({
    queryKey: ['dead-letters', service, id],
    queryFn: ({ signal }) => request<WholeDeadLetter>(`/api/${service}/dead-letters/${id}`, { signal }),
    refetchInterval: 10_000,
  });

/** The catalogues are declared in code and do not change while the server runs. */
const catalogueCaching = { staleTime: 5 * 60_000 };

export const eventsQuery = queryOptions({
  queryKey: ['catalogue', 'events'],
  queryFn: async ({ signal }) =>
    (await request<{ data: CatalogueEvent[] }>('/api/catalogue/events', { signal })).data,
  ...catalogueCaching,
});

export const changesQuery = (type: string, from: number, to: number) =>
  queryOptions({
    queryKey: ['catalogue', 'events', type, 'changes', from, to],
    queryFn: ({ signal }) =>
      request<EventChanges>(
        `/api/catalogue/events/${encodeURIComponent(type)}/changes${query({ from, to })}`,
        { signal },
      ),
    ...catalogueCaching,
  });

export const permissionsQuery = queryOptions({
  queryKey: ['catalogue', 'permissions'],
  queryFn: async ({ signal }) =>
    (await request<{ data: PermissionEntry[] }>('/api/catalogue/permissions', { signal })).data,
  ...catalogueCaching,
});

/** The audit log of a service, newest first. */
export const auditQuery = (service: string, filter: Readonly<Record<string, string | undefined>>) =>
  infiniteQueryOptions({
    queryKey: ['audit', service, filter],
    queryFn: ({ pageParam, signal }) =>
      request<Page<AuditEntry>>(
        `/api/${service}/audit${query({ ...filter, limit: 50, cursor: pageParam })}`,
        { signal },
      ),
    ...livePaging(10_000),
  });
