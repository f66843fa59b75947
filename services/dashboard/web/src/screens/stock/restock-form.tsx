import { Button, NumberInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Product } from '../../api/types.ts';
import { useIdempotentPost } from '../../api/use-idempotent-post.ts';
import { ErrorMessage } from '../../parts/states.tsx';
import classes from './stock-page.module.css';

export const RestockForm = ({ product }: { product: Product }) => {
  const [quantity, setQuantity] = useState<number | string>('');
  const client = useQueryClient();
  const restock = useIdempotentPost<Product, { readonly quantity: number }>(
    `/api/inventory/products/${product.id}/restock`,
    { onSettled: () => client.invalidateQueries({ queryKey: ['products'] }) },
  );
  return (
    <form
      className={classes['form']}
      onSubmit={(event) => {
        event.preventDefault();
        restock.mutate({ quantity: Number(quantity) });
      }}
    >
      <div className={classes['withButton']}>
        <NumberInput
          label="Units received"
          min={1}
          allowNegative={false}
          required
          value={quantity}
          onChange={setQuantity}
        />
        <Button type="submit" loading={restock.isPending}>
          Restock
        </Button>
      </div>
      {restock.isError && <ErrorMessage error={restock.error} />}
    </form>
  );
};
