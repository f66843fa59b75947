// Creates and changes products. The service's own schema judges what is entered: its findings stand at their fields.
import { Button, Modal, NumberInput, Select, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ownProductsQuery } from '../../api/queries.ts';
import { Problem, request } from '../../api/request.ts';
import type { Product } from '../../api/types.ts';
import { useKeyedPost } from '../../api/use-keyed-post.ts';
import { useUser } from '../../app/session.ts';
import { decimalsOf, formatMoney } from '../../parts/format.ts';
import { Failed } from '../../parts/states.tsx';
import classes from './stock-page.module.css';

/** What a form holds while somebody types. */
interface Entered {
  readonly name: string;
  readonly sku: string;
  readonly amount: number | string;
  readonly currency: string;
}

/** The entry of the catalogue that a form stands for. */
const entryOf = ({ name, sku, amount, currency }: Entered) => ({
  name,
  sku,
  // Rounded, because 19.99 × 100 is not a whole number in floating point.
  price: { amountMinor: Math.round(Number(amount) * 10 ** decimalsOf(currency)), currency },
});

const enteredFrom = ({ name, sku, price: { amountMinor, currency } }: Product): Entered => ({
  name,
  sku,
  amount: amountMinor / 10 ** decimalsOf(currency),
  currency,
});

const currencies = ['EUR', 'USD', 'GBP', 'CHF', 'SEK', 'PLN', 'JPY', 'KWD'];

/** What the service said about one field; a path such as `body.price.amountMinor`. */
const findingAt = (error: unknown, field: string): string | undefined =>
  error instanceof Problem
    ? error.fields.find(({ path }) => path.split('.').includes(field))?.message
    : undefined;

/** The service counts in the minor unit, people do not. */
const priceFinding = (error: unknown, currency: string): string | undefined => {
  const finding = findingAt(error, 'price');
  if (finding === undefined) return undefined;
  const [least, most] = [1, 100_000_000_000].map((amountMinor) => formatMoney({ amountMinor, currency }));
  return `Between ${least} and ${most}.`;
};

interface FieldsProps {
  readonly entered: Entered;
  readonly onChange: (entered: Entered) => void;
  readonly error: unknown;
}
const Fields = ({ entered, onChange, error }: FieldsProps) => (
  <>
    <TextInput
      label="Name"
      required
      maxLength={200}
      value={entered.name}
      error={findingAt(error, 'name')}
      onChange={({ currentTarget: { value } }) => onChange({ ...entered, name: value })}
    />
    <TextInput
      label="SKU"
      description="Your own number of the product. Each can be used once."
      required
      maxLength={64}
      value={entered.sku}
      error={
        findingAt(error, 'sku') ??
        (error instanceof Problem && error.code === 'sku_taken' ? error.message : undefined)
      }
      onChange={({ currentTarget: { value } }) => onChange({ ...entered, sku: value })}
    />
    <div className={classes['pair']}>
      <NumberInput
        label="Price"
        required
        decimalScale={decimalsOf(entered.currency)}
        value={entered.amount}
        error={priceFinding(error, entered.currency)}
        onChange={(amount) => onChange({ ...entered, amount })}
      />
      <Select
        label="Currency"
        data={currencies.includes(entered.currency) ? currencies : [entered.currency, ...currencies]}
        value={entered.currency}
        allowDeselect={false}
        onChange={(currency) => onChange({ ...entered, currency: currency ?? 'EUR' })}
      />
    </div>
  </>
);

/** A failure that no field shows. */
const Rest = ({ error }: { error: unknown }) => {
  if (!(error instanceof Problem) || error.fields.length > 0 || error.code === 'sku_taken') return null;
  return <Failed error={error} />;
};

export const NewProductForm = ({ onCreated }: { onCreated: (product: Product) => void }) => {
  const [entered, setEntered] = useState<Entered>({ name: '', sku: '', amount: '', currency: 'EUR' });
  const [quantity, setQuantity] = useState<number | string>(0);
  const client = useQueryClient();
  const create = useKeyedPost<Product, ReturnType<typeof entryOf> & { readonly quantity: number }>(
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
        create.mutate({ ...entryOf(entered), quantity: Number(quantity) });
      }}
    >
      <Fields entered={entered} onChange={setEntered} error={create.error} />
      <NumberInput
        label="Units on hand"
        min={0}
        allowDecimal={false}
        allowNegative={false}
        required
        value={quantity}
        error={findingAt(create.error, 'quantity')}
        onChange={setQuantity}
      />
      <Rest error={create.error} />
      <Button type="submit" loading={create.isPending}>
        Create
      </Button>
    </form>
  );
};

interface ConflictProps {
  readonly mine: Entered;
  readonly theirs: Product;
  readonly onTakeTheirs: () => void;
  readonly onSaveMine: () => void;
  readonly onClose: () => void;
}
/** Two people changed the same product: both versions beside each other, and the choice. */
const Conflict = ({ mine, theirs, onTakeTheirs, onSaveMine, onClose }: ConflictProps) => {
  const entry = entryOf(mine);
  const rows = [
    ['Name', entry.name, theirs.name],
    ['SKU', entry.sku, theirs.sku],
    ['Price', formatMoney(entry.price), formatMoney(theirs.price)],
  ] as const;
  return (
    <Modal opened onClose={onClose} title="Somebody changed this product meanwhile">
      <p>Nothing was saved. Choose which values the product shall have.</p>
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
      <div className={classes['dialog']}>
        <Button variant="default" onClick={onTakeTheirs}>
          Take theirs
        </Button>
        <Button onClick={onSaveMine}>Save mine</Button>
      </div>
    </Modal>
  );
};

export const ChangeProductForm = ({ product }: { product: Product }) => {
  const { queryKey } = ownProductsQuery(useUser().id);
  const client = useQueryClient();
  // The version that the person has seen: what the list learns meanwhile must not be overwritten unseen.
  const [seen, setSeen] = useState(product);
  const [entered, setEntered] = useState(() => enteredFrom(product));
  const [theirs, setTheirs] = useState<Product>();
  const change = useMutation<Product, Problem, Product>({
    mutationFn: (from) =>
      request<Product>(`/api/inventory/products/${product.id}`, {
        method: 'PATCH',
        headers: { 'If-Match': `"v${from.version}"` },
        body: entryOf(entered),
      }),
    onSuccess: (changed) => {
      setSeen(changed);
      setEntered(enteredFrom(changed));
      client.setQueryData(queryKey, (before) =>
        before?.map((one) => (one.id === changed.id ? changed : one)),
      );
    },
    onError: async ({ status }) => {
      if (status === 412) setTheirs(await request<Product>(`/api/inventory/products/${product.id}`));
    },
  });
  const isConflict = change.error?.status === 412;
  return (
    <form
      className={classes['form']}
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate(seen);
      }}
    >
      <Fields entered={entered} onChange={setEntered} error={change.error} />
      {!isConflict && <Rest error={change.error} />}
      <span role="status">{change.isSuccess ? 'Saved. New orders use it at once.' : ''}</span>
      <Button type="submit" loading={change.isPending}>
        Save
      </Button>
      {theirs !== undefined && (
        <Conflict
          mine={entered}
          theirs={theirs}
          onClose={() => setTheirs(undefined)}
          onTakeTheirs={() => {
            setSeen(theirs);
            setEntered(enteredFrom(theirs));
            setTheirs(undefined);
            change.reset();
          }}
          onSaveMine={() => {
            setSeen(theirs);
            setTheirs(undefined);
            change.mutate(theirs);
          }}
        />
      )}
    </form>
  );
};
