// Confirms or ships the seller's lines of orders. The row changes at once; a refusal reverts it and shows the reason.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { toShipQuery } from '../../api/queries.ts';
import { isUnanswered, request, type Problem } from '../../api/request.ts';
import type { Order, OrderItem } from '../../api/types.ts';

export type SellerAction = 'confirm' | 'fulfill';

interface ActionInput {
  readonly order: Order;
  readonly action: SellerAction;
}

const after: Readonly<Record<SellerAction, OrderItem['fulfilment']>> = {
  confirm: 'confirmed',
  fulfill: 'shipped',
};

const withAction = (order: Order, action: SellerAction): Order => ({
  ...order,
  items: order.items.map((item) => ({ ...item, fulfilment: after[action] })),
});

export interface SellerActions {
  /** Processes one order after the other. */
  readonly act: (orders: readonly Order[], action: SellerAction) => Promise<void>;
  /** Undefined while no action is running. */
  readonly progress: { readonly done: number; readonly total: number } | undefined;
  /** Why an order was refused, by its id. */
  readonly refusals: ReadonlyMap<string, Problem>;
  readonly shipped: number;
}

export const useSellerActions = (sort: 'oldest' | 'newest'): SellerActions => {
  const client = useQueryClient();
  const { queryKey } = toShipQuery(sort);
  const keys = useRef(new Map<string, string>());
  const [progress, setProgress] = useState<SellerActions['progress']>();
  const [refusals, setRefusals] = useState<ReadonlyMap<string, Problem>>(new Map());
  const [shipped, setShipped] = useState(0);

  const replace = (order: Order): void => {
    client.setQueryData(
      queryKey,
      (shown) =>
        shown && {
          ...shown,
          pages: shown.pages.map((page) => ({
            ...page,
            data: page.data.map((one) => (one.id === order.id ? order : one)),
          })),
        },
    );
  };
  const { mutateAsync } = useMutation<Order, Problem, ActionInput>({
    mutationFn: ({ order, action }) => {
      const name = `${action} ${order.id}`;
      const key = keys.current.get(name) ?? crypto.randomUUID();
      keys.current.set(name, key);
      return request<Order>(`/api/order/orders/${order.id}/${action}`, {
        method: 'POST',
        headers: { 'Idempotency-Key': key },
      });
    },
    onMutate: async ({ order, action }) => {
      await client.cancelQueries({ queryKey });
      replace(withAction(order, action));
    },
    onSuccess: (order, { action }) => {
      replace(order);
      if (action === 'fulfill') setShipped((count) => count + 1);
    },
    onError: (problem, { order }) => {
      replace(order);
      setRefusals((before) => new Map(before).set(order.id, problem));
    },
    onSettled: (_order, error, { order, action }) => {
      if (!isUnanswered(error)) keys.current.delete(`${action} ${order.id}`);
    },
  });

  const act = async (orders: readonly Order[], action: SellerAction): Promise<void> => {
    setRefusals(new Map());
    setShipped(0);
    setProgress({ done: 0, total: orders.length });
    for (const [index, order] of orders.entries()) {
      // A refusal is shown at its row and does not stop the rest.
      await mutateAsync({ order, action }).catch(() => undefined);
      setProgress({ done: index + 1, total: orders.length });
    }
    setProgress(undefined);
    await client.invalidateQueries({ queryKey });
  };
  return { act, progress, refusals, shipped };
};
