// Confirms or ships the lines of a seller in one or more orders. The row of the order changes at once (an optimistic update); a
// refusal reverts the row and shows the reason.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { toShipQuery } from '../../api/queries.ts';
import { isUnanswered, request, type Problem } from '../../api/request.ts';
import type { Order, OrderItem } from '../../api/types.ts';

type SellerAction = 'confirm' | 'fulfill';

interface ActionInput {
  readonly order: Order;
  readonly action: SellerAction;
}

const resultingState: Readonly<Record<SellerAction, OrderItem['fulfilment']>> = {
  confirm: 'confirmed',
  fulfill: 'shipped',
};

const withAction = (order: Order, action: SellerAction): Order => ({
  ...order,
  items: order.items.map((item) => ({ ...item, fulfilment: resultingState[action] })),
});

export interface SellerActions {
  /** Performs the action on the orders, one after the other. */
  readonly act: (orders: readonly Order[], action: SellerAction) => Promise<void>;
  /** Undefined while no action is running. */
  readonly progress: { readonly done: number; readonly total: number } | undefined;
  /** The refusals of the last action, by order id. */
  readonly refusals: ReadonlyMap<string, Problem>;
  /** The number of parcels that the last action shipped. */
  readonly shipped: number;
}

export const useSellerActions = (sort: 'oldest' | 'newest'): SellerActions => {
  const client = useQueryClient();
  const { queryKey } = toShipQuery(sort);
  /** The idempotency keys of operations without an answer, by operation. */
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
            data: page.data.map((shownOrder) => (shownOrder.id === order.id ? order : shownOrder)),
          })),
        },
    );
  };
  const { mutateAsync } = useMutation<Order, Problem, ActionInput>({
    mutationFn: ({ order, action }) => {
      const operation = `${action} ${order.id}`;
      const key = keys.current.get(operation) ?? crypto.randomUUID();
      keys.current.set(operation, key);
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
      // A refusal is shown in the row of its order and does not stop the other orders.
      await mutateAsync({ order, action }).catch(() => undefined);
      setProgress({ done: index + 1, total: orders.length });
    }
    setProgress(undefined);
    await client.invalidateQueries({ queryKey });
  };
  return { act, progress, refusals, shipped };
};
