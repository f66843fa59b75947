// The stock movements of a product, newest first.
import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { movementsQuery } from '../../api/queries.ts';
import type { Movement } from '../../api/types.ts';
import { CopyId } from '../../parts/copy-id.tsx';
import { formatNumber } from '../../parts/format.ts';
import { ErrorMessage, Loading } from '../../parts/states.tsx';
import { When } from '../../parts/when.tsx';
import classes from './stock-page.module.css';

const kinds: Readonly<Record<string, string>> = {
  initial: 'Initial stock',
  restock: 'Restocked',
  reserve: 'Reserved for an order',
  release: 'Released',
  expire: 'Released: the order was not paid in time',
  commit: 'Shipped',
};

const signed = (units: number): string => `${units > 0 ? '+' : '−'}${formatNumber(Math.abs(units))}`;

/** The changes of the quantities: "−2 on hand, −2 reserved". */
const deltaOf = ({ availableDelta, reservedDelta }: Movement): string =>
  [
    ...(availableDelta === 0 ? [] : [`${signed(availableDelta)} on hand`]),
    ...(reservedDelta === 0 ? [] : [`${signed(reservedDelta)} reserved`]),
  ].join(', ');

export const Movements = ({ productId }: { productId: string }) => {
  const query = useInfiniteQuery(movementsQuery(productId));
  if (query.isPending) return <Loading />;
  if (query.data === undefined)
    return <ErrorMessage error={query.error} retry={() => void query.refetch()} />;
  return (
    <>
      <ul className={classes['movements']}>
        {query.data.pages
          .flatMap(({ data }) => data)
          .map((movement) => (
            <li key={`${movement.correlationId} ${movement.kind} ${movement.occurredAt}`}>
              <span>{kinds[movement.kind] ?? movement.kind}</span>
              <span className={classes['delta']}>{deltaOf(movement)}</span>
              <small>
                <When at={movement.occurredAt} />
              </small>
              {movement.orderId !== null && <CopyId id={movement.orderId} />}
            </li>
          ))}
      </ul>
      {query.hasNextPage && (
        <Button
          variant="subtle"
          size="xs"
          mt={8}
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          Show older movements
        </Button>
      )}
    </>
  );
};
