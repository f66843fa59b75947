// The forms to create and to change a product. The service validates the input; each validation error is shown at its field.
import { Button, Modal, NumberInput, Select, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ownProductsQuery } from '../../api/queries.ts';
import { Problem, request } from '../../api/request.ts';
import type { Product } from '../../api/types.ts';
import { useIdempotentPost } from '../../api/use-idempotent-post.ts';
import { useUser } from '../../api/session.ts';
import { DialogButtons } from '../../parts/dialog-buttons.tsx';
import { decimalsOf, formatMoney } from '../../parts/format.ts';
import { ErrorMessage } from '../../parts/states.tsx';
import classes from './stock-page.module.css';

interface FormValues {
  readonly name: string;
  readonly sku: string;
  /** The price as typed: digits, and decimals after a dot or a comma. */
  readonly amount: string;
  readonly currency: string;
}

/**
 * Says how to correct the typed price; undefined if the price is valid. Thousands separators are not valid, because the dot in
 * 1.234 could be a thousands separator or a decimal point.
 */
const priceComplaintOf = ({ amount, currency }: FormValues): string | undefined => {
  const typed = /^\d+(?:[.,](?<decimals>\d+))?$/.exec(amount.trim());
  if (typed !== null && (typed.groups?.['decimals'] ?? '').length <= decimalsOf(currency)) return undefined;
  return `Enter a price such as ${(1234.5).toFixed(decimalsOf(currency))}, without other separators.`;
};

/** The request body for the values of the form. */
const bodyOf = ({ name, sku, amount, currency }: FormValues) => ({
  name,
  sku,
  // Floating-point multiplication is inexact (1.1 × 100 is 110.00000000000001), so the result is rounded.
  price: { amountMinor: Math.round(Number(amount.replace(',', '.')) * 10 ** decimalsOf(currency)), currency },
});

const valuesOf = ({ name, sku, price: { amountMinor, currency } }: Product): FormValues => ({
  name,
  sku,
  amount: (amountMinor / 10 ** decimalsOf(currency)).toFixed(decimalsOf(currency)),
  currency,
});

const currencies = ['EUR', 'USD', 'GBP', 'CHF', 'SEK', 'PLN', 'JPY', 'KWD'];

/** The validation error of a field. The paths of errors look like `body.price.amountMinor`. */
const fieldErrorOf = (error: unknown, field: string): string | undefined =>
  error instanceof Problem
    ? error.fields.find(({ path }) => path.split('.').includes(field))?.message
    : undefined;

/** The validation error of the price. Replaces the message of the service, which names the limits in minor units. */
const priceErrorOf = (error: unknown, currency: string): string | undefined => {
  const fieldError = fieldErrorOf(error, 'price');
  if (fieldError === undefined) return undefined;
  const [min, max] = [1, 100_000_000_000].map((amountMinor) => formatMoney({ amountMinor, currency }));
  return `The price must be between ${min} and ${max}.`;
};

interface FieldsProps {
  readonly values: FormValues;
  readonly onChange: (values: FormValues) => void;
  readonly error: unknown;
}
const Fields = ({ values, onChange, error }: FieldsProps) => (
  <>
    <TextInput
      label="Name"
      required
      maxLength={200}
      value={values.name}
      error={fieldErrorOf(error, 'name')}
      onChange={({ currentTarget: { value } }) => onChange({ ...values, name: value })}
    />
    <TextInput
      label="SKU"
      description="Your product number. Must be unique among your products."
      required
      maxLength={64}
      value={values.sku}
      error={
        fieldErrorOf(error, 'sku') ??
        (error instanceof Problem && error.code === 'sku_taken' ? error.message : undefined)
      }
      onChange={({ currentTarget: { value } }) => onChange({ ...values, sku: value })}
    />
    <div className={classes['pair']}>
      <TextInput
        label="Price"
        required
        inputMode="decimal"
        value={values.amount}
        error={
          values.amount === ''
            ? undefined
            : (priceComplaintOf(values) ?? priceErrorOf(error, values.currency))
        }
        onChange={({ currentTarget: { value } }) => onChange({ ...values, amount: value })}
      />
      <Select
        label="Currency"
        data={currencies.includes(values.currency) ? currencies : [values.currency, ...currencies]}
        value={values.currency}
        allowDeselect={false}
        onChange={(currency) => onChange({ ...values, currency: currency ?? 'EUR' })}
      />
    </div>
  </>
);

/** Shows an error that belongs to none of the fields. */
const OtherError = ({ error }: { error: unknown }) => {
  if (!(error instanceof Problem) || error.fields.length > 0 || error.code === 'sku_taken') return null;
  return <ErrorMessage error={error} />;
};

export const NewProductForm = ({ onCreated }: { onCreated: (product: Product) => void }) => {
  const [values, setValues] = useState<FormValues>({ name: '', sku: '', amount: '', currency: 'EUR' });
  const [quantity, setQuantity] = useState<number | string>(0);
  const client = useQueryClient();
  const create = useIdempotentPost<Product, ReturnType<typeof bodyOf> & { readonly quantity: number }>(
    '/api/inventory/products',
    {
      onSuccess: async (product) => {
        await client.invalidateQueries({ queryKey: ['products'] });
        onCreated(product);
      },
    },
  );
  return (
    <form
      className={classes['form']}
      onSubmit={(event) => {
        event.preventDefault();
        if (priceComplaintOf(values) === undefined)
          create.mutate({ ...bodyOf(values), quantity: Number(quantity) });
      }}
    >
      <Fields values={values} onChange={setValues} error={create.error} />
      <NumberInput
        label="Units on hand"
        min={0}
        clampBehavior="none"
        required
        value={quantity}
        error={fieldErrorOf(create.error, 'quantity')}
        onChange={setQuantity}
      />
      <OtherError error={create.error} />
      <Button type="submit" loading={create.isPending}>
        Create
      </Button>
    </form>
  );
};

interface ConflictProps {
  readonly mine: FormValues;
  readonly theirs: Product;
  readonly onUseTheirs: () => void;
  readonly onSaveMine: () => void;
  readonly onClose: () => void;
}
/** The dialog after a concurrent change by another user. Shows both versions of the product and lets the user choose. */
const Conflict = ({ mine, theirs, onUseTheirs, onSaveMine, onClose }: ConflictProps) => {
  const body = bodyOf(mine);
  const rows = [
    ['Name', body.name, theirs.name],
    ['SKU', body.sku, theirs.sku],
    ['Price', formatMoney(body.price), formatMoney(theirs.price)],
  ] as const;
  return (
    <Modal opened onClose={onClose} title="This product was changed by someone else">
      <p>Your changes were not saved. Choose which values to keep.</p>
      <table className={classes['conflict']}>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Yours</th>
            <th scope="col">Theirs</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([field, yours, other]) => (
            <tr key={field}>
              <th scope="row">{field}</th>
              <td>{yours === other ? yours : <b>{yours}</b>}</td>
              <td>{yours === other ? other : <b>{other}</b>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <DialogButtons>
        <Button variant="default" onClick={onUseTheirs}>
          Use theirs
        </Button>
        <Button onClick={onSaveMine}>Save mine</Button>
      </DialogButtons>
    </Modal>
  );
};

export const ChangeProductForm = ({ product }: { product: Product }) => {
  const { queryKey } = ownProductsQuery(useUser().id);
  const client = useQueryClient();
  // The version that the user edits. The list can load a newer version meanwhile, which the form must not overwrite.
  const [base, setBase] = useState(product);
  const [values, setValues] = useState(() => valuesOf(product));
  const [theirs, setTheirs] = useState<Product>();
  const change = useMutation<Product, Problem, Product>({
    mutationFn: (basis) =>
      request<Product>(`/api/inventory/products/${product.id}`, {
        method: 'PATCH',
        headers: { 'If-Match': `"v${basis.version}"` },
        body: bodyOf(values),
      }),
    onSuccess: (changed) => {
      setBase(changed);
      setValues(valuesOf(changed));
      client.setQueryData(
        queryKey,
        (before) =>
          before && {
            ...before,
            products: before.products.map((one) => (one.id === changed.id ? changed : one)),
          },
      );
    },
    onError: async ({ status }) => {
      // If the product cannot be loaded, the form shows the error of the change.
      if (status === 412)
        setTheirs(await request<Product>(`/api/inventory/products/${product.id}`).catch(() => undefined));
    },
  });
  return (
    <form
      className={classes['form']}
      onSubmit={(event) => {
        event.preventDefault();
        if (priceComplaintOf(values) === undefined) change.mutate(base);
      }}
    >
      <Fields values={values} onChange={setValues} error={change.error} />
      {theirs === undefined && <OtherError error={change.error} />}
      <span role="status">{change.isSuccess ? 'Saved. New orders use the new values.' : ''}</span>
      <Button type="submit" loading={change.isPending}>
        Save
      </Button>
      {theirs !== undefined && (
        <Conflict
          mine={values}
          theirs={theirs}
          onClose={() => setTheirs(undefined)}
          onUseTheirs={() => {
            setBase(theirs);
            setValues(valuesOf(theirs));
            setTheirs(undefined);
            change.reset();
          }}
          onSaveMine={() => {
            setBase(theirs);
            setTheirs(undefined);
            change.mutate(theirs);
          }}
        />
      )}
    </form>
  );
};
