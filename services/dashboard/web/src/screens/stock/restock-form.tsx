import { Button, NumberInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Product } from '../../api/types.ts';
import { useIdempotentPost } from '../../api/use-idempotent-post.ts';
import { ErrorMessage } from '../../parts/states.tsx';
import classes from './stock-page.module.css';

export const RestockForm = ({ product }: { product: Product }) => {
  const [quantity, setQuantity] = useState<number | string>('');
  const [complaint, setComplaint] = useState<string>();
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
        const units = Number(quantity);
        if (Number.isInteger(units) && units >= 1) restock.mutate({ quantity: units });
        else setComplaint('Enter a whole number of at least 1.');
      }}
    >
      <div className={classes['withButton']}>
        <NumberInput
          label="Units received"
          clampBehavior="none"
          required
          value={quantity}
          error={restock.error?.fields[0]?.message ?? complaint}
          onChange={(value) => {
            setQuantity(value);
            setComplaint(undefined);
          }}
        />
        <Button type="submit" loading={restock.isPending}>
          Restock
        </Button>
      </div>
      {restock.isError && restock.error.fields.length === 0 && <ErrorMessage error={restock.error} />}
    </form>
  );
};
