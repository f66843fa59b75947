// The paid orders with products of the seller, to confirm and to ship. Each order shows only the lines of the seller.
import { Button, Checkbox, Modal, Progress, SegmentedControl } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, getRouteApi } from '@tanstack/react-router';
import { PackageCheck } from 'lucide-react';
import { useState } from 'react';
import { toShipQuery } from '../../api/queries.ts';
import type { Order } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { DialogButtons } from '../../parts/dialog-buttons.tsx';
import { formatMoney } from '../../parts/format.ts';
import { liveStateOf, LiveMark } from '../../parts/live-mark.tsx';
import { linesByProduct } from '../../parts/order-lines.ts';
import { Page } from '../../parts/page.tsx';
import { ShowMore } from '../../parts/show-more.tsx';
import { ProductPicture } from '../../parts/product-picture.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import { When } from '../../parts/when.tsx';
import classes from './to-ship-page.module.css';
import { useSellerActions, type SellerActions } from './use-seller-action.ts';

const toShipRoute = getRouteApi('/to-ship');

const isConfirmed = ({ items }: Order): boolean => items.every(({ fulfilment }) => fulfilment !== 'open');
const isShipped = ({ items }: Order): boolean => items.every(({ fulfilment }) => fulfilment === 'shipped');

interface ParcelProps {
  readonly order: Order;
  readonly selected: boolean;
  readonly onSelect: (selected: boolean) => void;
  readonly onShip: () => void;
  readonly actions: SellerActions;
}
const Parcel = ({ order, selected, onSelect, onShip, actions }: ParcelProps) => {
  const refusal = actions.refusals.get(order.id);
  const isBusy = actions.progress !== undefined;
  const name = `order ${order.id.slice(-4)}`;
  return (
    <li aria-label={`Parcel of ${name}`}>
      <Checkbox
        aria-label={`Select ${name}`}
        checked={selected}
        onChange={({ currentTarget }) => onSelect(currentTarget.checked)}
      />
      <ul className={classes['lines']}>
        {linesByProduct(order.items).map((item) => (
          <li key={item.productId}>
            <ProductPicture name={item.name} small />
            <span>
              <b>{item.quantity} ×</b> {item.name}
            </span>
          </li>
        ))}
      </ul>
      <span className={classes['details']}>
        <CopyId id={order.id} />
        <small>
          placed <When at={order.createdAt} /> · {formatMoney(order.total)}
        </small>
      </span>
      <span className={classes['state']}>
        {isShipped(order) ? (
          <StateBadge tone="ok">SHIPPED</StateBadge>
        ) : isConfirmed(order) ? (
          <StateBadge tone="go">CONFIRMED</StateBadge>
        ) : (
          <StateBadge tone="wait">NEW</StateBadge>
        )}
      </span>
      <span className={classes['buttons']}>
        {!isConfirmed(order) && (
          <Button
            variant="default"
            size="xs"
            disabled={isBusy}
            onClick={() => void actions.act([order], 'confirm')}
          >
            Confirm
          </Button>
        )}
        <Button size="xs" disabled={isBusy || isShipped(order)} onClick={onShip}>
          Ship
        </Button>
      </span>
      {refusal !== undefined && (
        <div className={classes['refusal']}>
          <ErrorMessage error={refusal} />
        </div>
      )}
    </li>
  );
};

const Selection = ({
  orders,
  selected,
  onSelect,
  onShip,
  actions,
}: {
  readonly orders: readonly Order[];
  readonly selected: readonly Order[];
  readonly onSelect: (ids: ReadonlySet<string>) => void;
  readonly onShip: () => void;
  readonly actions: SellerActions;
}) => {
  const { progress, act } = actions;
  const isDisabled = selected.length === 0 || progress !== undefined;
  return (
    <div className={classes['selection']}>
      <Checkbox
        label={selected.length === 0 ? 'Select all' : `${selected.length} selected`}
        checked={selected.length === orders.length}
        indeterminate={selected.length > 0 && selected.length < orders.length}
        onChange={({ currentTarget: { checked } }) =>
          onSelect(new Set(checked ? orders.map(({ id }) => id) : []))
        }
      />
      {progress !== undefined && (
        <Progress
          aria-label="Progress"
          value={(100 * progress.done) / progress.total}
          className={classes['progress']}
        />
      )}
      <span className={classes['buttons']}>
        <Button
          variant="default"
          size="xs"
          disabled={isDisabled || selected.every(isConfirmed)}
          onClick={() =>
            void act(
              selected.filter((order) => !isConfirmed(order)),
              'confirm',
            )
          }
        >
          Confirm selected
        </Button>
        <Button
          size="xs"
          leftSection={<PackageCheck size={14} aria-hidden="true" />}
          disabled={isDisabled || selected.every(isShipped)}
          onClick={onShip}
        >
          Ship selected
        </Button>
      </span>
    </div>
  );
};

/** The refusals of orders that are no longer in the list, for example because the customer has cancelled them. */
const OtherRefusals = ({ actions, orders }: { actions: SellerActions; orders: readonly Order[] }) =>
  [...actions.refusals]
    .filter(([id]) => orders.every((order) => order.id !== id))
    .map(([id, problem]) => (
      <div key={id}>
        Order <CopyId id={id} />
        <ErrorMessage error={problem} />
      </div>
    ));

const namedParcels = (orders: readonly Order[]): string => {
  const [first] = orders;
  return orders.length === 1 && first !== undefined
    ? `the parcel of order ${first.id.slice(-4)}`
    : `${orders.length} parcels`;
};

interface ShipDialogProps {
  readonly opened: boolean;
  /** The parcels to ship that are still in the list. */
  readonly orders: readonly Order[];
  readonly onClose: () => void;
  readonly onShip: () => void;
}
/** Asks before parcels are marked as shipped, because that cannot be undone. */
const ShipDialog = ({ opened, orders, onClose, onShip }: ShipDialogProps) => {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={orders.length === 0 ? 'Nothing to ship' : `Ship ${namedParcels(orders)}?`}
    >
      <p role="status">
        {orders.length === 0
          ? 'The order was cancelled or shipped in the meantime. Do not send a parcel.'
          : 'The customer sees the items as shipped and can no longer cancel. You cannot undo this.'}
      </p>
      <DialogButtons>
        <Button variant="default" onClick={onClose}>
          {orders.length === 0 ? 'Close' : 'Not yet'}
        </Button>
        {orders.length > 0 && (
          <Button data-autofocus onClick={onShip}>
            Mark as shipped
          </Button>
        )}
      </DialogButtons>
    </Modal>
  );
};

export const ToShipPage = () => {
  const { sort = 'oldest' } = toShipRoute.useSearch();
  const navigate = useNavigate({ from: '/to-ship' });
  const query = useInfiniteQuery(toShipQuery(sort));
  const actions = useSellerActions(sort);
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  /** The parcels of the open dialog; undefined while it is closed. */
  const [shippingIds, setShippingIds] = useState<ReadonlySet<string>>();
  const orders = query.data?.pages.flatMap(({ data }) => data) ?? [];
  const selected = orders.filter(({ id }) => ids.has(id));
  const toShip = orders.filter((order) => shippingIds?.has(order.id) === true && !isShipped(order));
  const select = (id: string, isSelected: boolean): void => {
    const next = new Set(ids);
    if (isSelected) next.add(id);
    else next.delete(id);
    setIds(next);
  };
  return (
    <Page
      title={orders.length === 0 ? 'To ship' : `To ship: ${orders.length}${query.hasNextPage ? '+' : ''}`}
      actions={
        <>
          <LiveMark state={liveStateOf(query)} />
          <SegmentedControl
            aria-label="Sort by"
            value={sort}
            onChange={(value) =>
              void navigate({ search: value === 'newest' ? { sort: value } : {}, replace: true })
            }
            data={[
              { value: 'oldest', label: 'Oldest first' },
              { value: 'newest', label: 'Newest first' },
            ]}
          />
        </>
      }
    >
      <p className={classes['hint']}>
        <b>Confirm</b> tells the customer that you are preparing the parcel. <b>Ship</b> marks the parcel as
        shipped. You can ship a parcel without confirming it first.
      </p>
      <p role="status" className={classes['message']}>
        {actions.progress === undefined && actions.shipped > 0
          ? `${actions.shipped} ${actions.shipped === 1 ? 'parcel' : 'parcels'} shipped.`
          : ''}
      </p>
      <OtherRefusals actions={actions} orders={orders} />
      <Card flush>
        {query.isPending && <Loading lines={6} />}
        {query.isError && query.data === undefined && (
          <ErrorMessage error={query.error} retry={() => void query.refetch()} />
        )}
        {query.isSuccess && orders.length === 0 && (
          <Empty title="No orders to ship">
            New orders appear here once they are paid and your stock is reserved.
          </Empty>
        )}
        {orders.length > 0 && (
          <>
            <Selection
              orders={orders}
              selected={selected}
              onSelect={setIds}
              onShip={() => setShippingIds(ids)}
              actions={actions}
            />
            <ul className={classes['queue']}>
              {orders.map((order) => (
                <Parcel
                  key={order.id}
                  order={order}
                  selected={ids.has(order.id)}
                  onSelect={(isSelected) => select(order.id, isSelected)}
                  onShip={() => setShippingIds(new Set([order.id]))}
                  actions={actions}
                />
              ))}
            </ul>
          </>
        )}
      </Card>
      <ShowMore query={query}>Show more</ShowMore>
      <ShipDialog
        opened={shippingIds !== undefined}
        orders={toShip}
        onClose={() => setShippingIds(undefined)}
        onShip={() => {
          setShippingIds(undefined);
          void actions.act(toShip, 'fulfill');
        }}
      />
    </Page>
  );
};
