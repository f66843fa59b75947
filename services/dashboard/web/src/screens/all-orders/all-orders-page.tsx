// The orders of all customers, for administrators. Each order links to its saga. The search accepts the id of an order, an event
// or a customer, or a correlation id.
import { ActionIcon, Button, Group, Select, TextInput } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, getRouteApi } from '@tanstack/react-router';
import { ArrowRight, Search } from 'lucide-react';
import { useMemo, useState } from 'react';
import {
  allOrdersQuery,
  invariantsQuery,
  storyQuery,
  type AllOrdersFilter,
} from '../../api/admin-queries.ts';
import { Problem } from '../../api/request.ts';
import type { Order } from '../../api/types.ts';
import { queryClient } from '../../api/query-client.ts';
import { Card } from '../../parts/card.tsx';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { decimalsOf, formatMoney, shortId } from '../../parts/format.ts';
import { LiveMark, liveStateOf } from '../../parts/live-mark.tsx';
import { cancellationReasons, describeReason, waitTexts, orderStatuses } from '../../parts/order-status.ts';
import { Page } from '../../parts/page.tsx';
import { ShowMore } from '../../parts/show-more.tsx';
import { OrderStatusBadge } from '../../parts/state-badge.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import { When } from '../../parts/when.tsx';
import { PipelineWarning } from '../pipelines/pipeline-warning.tsx';
import classes from './all-orders-page.module.css';
import { describeStuckTime, stuckTimes } from './orders-search.ts';

const allOrdersRoute = getRouteApi('/all-orders');

const dayFilters = [
  { name: 'from', label: 'Placed on or after', labelWidth: 46 },
  { name: 'to', label: 'Placed on or before', labelWidth: 28 },
] as const;

const stuckOptions = Object.entries(stuckTimes).map(([value, label]) => ({
  value,
  label: `Stuck for ${label}`,
}));
const reasons = Object.entries(cancellationReasons).map(([value, label]) => ({ value, label }));

const columns: readonly Column<Order>[] = [
  {
    id: 'id',
    header: 'Order',
    value: ({ id }) => id,
    cell: ({ id }) => (
      <Link to="/all-orders/$id" params={{ id }} title={id}>
        {shortId(id)}
      </Link>
    ),
    sortable: false,
  },
  {
    id: 'status',
    header: 'Status',
    value: ({ status }) => status,
    cell: ({ status }) => <OrderStatusBadge status={status} />,
    sortable: false,
  },
  {
    id: 'reason',
    header: 'Reason',
    value: ({ cancellationReason }) => cancellationReason,
    cell: ({ cancellationReason }) => (cancellationReason === null ? '' : describeReason(cancellationReason)),
    sortable: false,
  },
  { id: 'customer', header: 'Customer', value: ({ customerId }) => customerId, sortable: false },
  {
    id: 'items',
    header: 'Units',
    value: ({ items }) => items.reduce((sum, { quantity }) => sum + quantity, 0),
    numeric: true,
    sortable: false,
  },
  {
    id: 'total',
    header: 'Total',
    value: ({ total: { amountMinor, currency } }) => amountMinor / 10 ** decimalsOf(currency),
    cell: ({ total }) => formatMoney(total),
    numeric: true,
    sortable: false,
  },
  { id: 'currency', header: 'Currency', value: ({ total }) => total.currency, sortable: false },
  {
    id: 'placed',
    header: 'Placed',
    value: ({ createdAt }) => createdAt,
    cell: ({ createdAt }) => <When at={createdAt} />,
    sortable: false,
  },
];

/** The columns of the table. The stuck filter adds the columns "Last change" and "Waiting for". "Waiting for" comes from the last
 *  audit, so it has no value for an order that became stuck after that audit. */
const useStuckColumns = (isShown: boolean): readonly Column<Order>[] => {
  const { data } = useQuery({ ...invariantsQuery, enabled: isShown });
  return useMemo(() => {
    if (!isShown) return columns;
    const stuckOrders = new Map(data?.stuck.map((order) => [order.orderId, order]));
    return [
      ...columns.filter(({ id }) => id !== 'reason'),
      {
        id: 'changed',
        header: 'Last change',
        value: ({ updatedAt }) => updatedAt,
        cell: ({ updatedAt }) => <When at={updatedAt} />,
        sortable: false,
      },
      {
        id: 'waitsFor',
        header: 'Waiting for',
        value: ({ id }) => {
          const order = stuckOrders.get(id);
          return order === undefined ? '–' : [waitTexts[order.waitsFor], ...order.missing].join(', ');
        },
        sortable: false,
      },
    ];
  }, [isShown, data?.stuck]);
};

const StuckExplanation = ({ seconds }: { seconds: number }) => (
  <p className={classes['note']}>
    Stuck: the order is PENDING or CONFIRMED, waits for the system and has not changed for{' '}
    {describeStuckTime(seconds)}. An order that waits for its customer to pay or for a seller to ship is not
    stuck. “Waiting for” comes from the last audit; <Link to="/invariants">Invariants</Link> also lists
    refunds and releases of stock that are overdue.
  </p>
);

/** Shows the orders of a customer id, and opens the saga of an order, event or correlation id. An unknown id becomes the customer
 *  filter, so that the empty list says that nothing has this id. */
const IdSearch = ({ onCustomer }: { onCustomer: (customerId: string) => void }) => {
  const [text, setText] = useState('');
  const navigate = useNavigate();
  const search = useMutation({
    mutationFn: async (id: string) => {
      const ofCustomer = await queryClient.infiniteQuery(allOrdersQuery({ customer: id }));
      if (ofCustomer.pages.some(({ data }) => data.length > 0)) {
        onCustomer(id);
        return;
      }
      try {
        const { orders, events } = await queryClient.query({ ...storyQuery(id), staleTime: 0, retry: false });
        await navigate({
          to: '/all-orders/$id',
          params: { id: orders[0]?.id ?? id },
          search: events.some((event) => event.id === id) ? { event: id } : {},
        });
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 404) throw error;
        onCustomer(id);
      }
    },
  });
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') search.mutate(text.trim());
      }}
    >
      <TextInput
        aria-label="Find by order, event, correlation or customer id"
        placeholder="Order, event, correlation or customer id"
        leftSection={<Search size={15} aria-hidden="true" />}
        w={320}
        maw="100%"
        value={text}
        maxLength={128}
        error={search.error === null ? undefined : search.error.message}
        rightSection={
          <ActionIcon type="submit" variant="subtle" aria-label="Search" loading={search.isPending}>
            <ArrowRight size={15} />
          </ActionIcon>
        }
        onChange={(event) => {
          setText(event.currentTarget.value);
        }}
      />
    </form>
  );
};

export const AllOrdersPage = () => {
  const filter = allOrdersRoute.useSearch();
  const navigate = useNavigate({ from: '/all-orders' });
  const orders = useInfiniteQuery(allOrdersQuery(filter));
  const all = useMemo(() => orders.data?.pages.flatMap(({ data }) => data) ?? [], [orders.data]);
  const shownColumns = useStuckColumns(filter.stuck !== undefined);
  const areDatesInverted = filter.from !== undefined && filter.to !== undefined && filter.to < filter.from;
  const changeFilter = (changes: Partial<Record<keyof AllOrdersFilter, string | number | undefined>>) =>
    void navigate({ search: { ...filter, ...changes } as AllOrdersFilter, replace: true });
  return (
    <Page
      title="Orders"
      beside={<LiveMark state={liveStateOf(orders)} />}
      actions={
        <>
          <IdSearch onCustomer={(customer) => void navigate({ search: { customer } })} />
          <Select
            aria-label="Status"
            placeholder="All statuses"
            clearable
            clearButtonProps={{ 'aria-label': 'All statuses' }}
            w={150}
            data={[...orderStatuses]}
            value={filter.status ?? null}
            onChange={(value) => changeFilter({ status: value ?? undefined, reason: undefined })}
          />
          <Select
            aria-label="Cancellation reason"
            placeholder="All reasons"
            clearable
            clearButtonProps={{ 'aria-label': 'All reasons' }}
            w={170}
            data={reasons}
            value={filter.reason ?? null}
            onChange={(value) =>
              changeFilter({ reason: value ?? undefined, ...(value === null ? {} : { status: 'CANCELLED' }) })
            }
          />
          <Select
            aria-label="Stuck"
            placeholder="Stuck or not"
            clearable
            clearButtonProps={{ 'aria-label': 'Stuck or not' }}
            w={165}
            data={stuckOptions}
            value={filter.stuck === undefined ? null : String(filter.stuck)}
            onChange={(value) => changeFilter({ stuck: value === null ? undefined : Number(value) })}
          />
          <Group wrap="nowrap" gap={8}>
            {dayFilters.map(({ name, label, labelWidth }) => (
              <TextInput
                key={name}
                aria-label={label}
                type="date"
                leftSection={name}
                leftSectionWidth={labelWidth}
                value={filter[name] ?? ''}
                error={areDatesInverted && name === 'to' ? 'Before the first date' : undefined}
                onChange={(event) => changeFilter({ [name]: event.currentTarget.value || undefined })}
              />
            ))}
          </Group>
          <Select
            aria-label="Sort by"
            allowDeselect={false}
            w={130}
            data={[
              { value: 'newest', label: 'Newest first' },
              { value: 'oldest', label: 'Oldest first' },
            ]}
            value={filter.sort ?? 'newest'}
            onChange={(value) => changeFilter({ sort: value === 'oldest' ? 'oldest' : undefined })}
          />
        </>
      }
    >
      <PipelineWarning>
        Events do not reach Kafka or will soon stop reaching it, so orders can be delayed.
      </PipelineWarning>
      {filter.customer !== undefined && (
        <Button
          variant="default"
          size="xs"
          style={{ justifySelf: 'start' }}
          onClick={() => changeFilter({ customer: undefined })}
        >
          Customer: {filter.customer} ✕
        </Button>
      )}
      {filter.stuck !== undefined && <StuckExplanation seconds={filter.stuck} />}
      <Card flush>
        {orders.isPending && <Loading lines={8} />}
        {orders.isError && all.length === 0 && (
          <ErrorMessage error={orders.error} retry={() => void orders.refetch()} />
        )}
        {orders.isSuccess && all.length === 0 && (
          <Empty title="No orders found">
            {Object.keys(filter).length === 0
              ? 'No order has been placed yet.'
              : filter.customer === undefined || Object.keys(filter).length > 1
                ? 'No order matches these filters.'
                : `No order, event, customer or correlation has the id ${filter.customer}.`}
          </Empty>
        )}
        {all.length > 0 && (
          <DataTable
            label="Orders"
            columns={shownColumns}
            rows={all}
            rowId={({ id }) => id}
            csv="orders"
            minWidth={920}
          />
        )}
      </Card>
      <ShowMore query={orders}>Show more orders</ShowMore>
    </Page>
  );
};
