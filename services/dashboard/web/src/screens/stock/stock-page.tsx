// The products of a seller with their stock. `?product=<id>` opens a product, `?product=new` the form for a new product.
import { Button, Drawer, Tabs, TextInput, UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, getRouteApi } from '@tanstack/react-router';
import { Plus, Search } from 'lucide-react';
import { useMemo } from 'react';
import { ownProductsQuery } from '../../api/queries.ts';
import type { Product } from '../../api/types.ts';
import { useUser } from '../../api/session.ts';
import { Card } from '../../parts/card.tsx';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { formatCount, formatMoney, formatNumber } from '../../parts/format.ts';
import { liveStateOf, LiveMark } from '../../parts/live-mark.tsx';
import { Page } from '../../parts/page.tsx';
import { ProductPicture } from '../../parts/product-picture.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import { findProducts } from './find-products.ts';
import { Movements } from './movements.tsx';
import { ChangeProductForm, NewProductForm } from './product-forms.tsx';
import { RestockForm } from './restock-form.tsx';
import classes from './stock-page.module.css';

const stockRoute = getRouteApi('/stock');

/** Products with fewer free units than this are marked as low. */
const lowStock = 10;

const columnsFor = (open: (product: Product) => void): readonly Column<Product>[] => [
  {
    id: 'name',
    header: 'Product',
    value: ({ name }) => name,
    cell: (product) => (
      <UnstyledButton className={classes['product']} onClick={() => open(product)}>
        <ProductPicture name={product.name} small />
        <span>
          <b>{product.name}</b>
          <small>{product.sku}</small>
        </span>
      </UnstyledButton>
    ),
  },
  {
    id: 'available',
    header: 'On hand',
    numeric: true,
    value: ({ available }) => available,
    cell: ({ available }) => formatNumber(available),
  },
  {
    id: 'reserved',
    header: 'Reserved',
    numeric: true,
    value: ({ reserved }) => reserved,
    cell: ({ reserved }) => formatNumber(reserved),
  },
  {
    id: 'free',
    header: 'Free',
    numeric: true,
    value: ({ free }) => free,
    cell: ({ free }) => <b>{formatNumber(free)}</b>,
  },
  {
    id: 'price',
    header: 'Price',
    numeric: true,
    value: ({ price }) => price.amountMinor,
    cell: ({ price }) => formatMoney(price),
  },
  {
    id: 'state',
    header: 'State',
    value: ({ free }) => (free <= 0 ? 0 : free < lowStock ? 1 : 2),
    cell: ({ free }) =>
      free <= 0 ? (
        <StateBadge tone="bad">SOLD OUT</StateBadge>
      ) : free < lowStock ? (
        <StateBadge tone="wait">LOW</StateBadge>
      ) : (
        <StateBadge tone="ok">IN STOCK</StateBadge>
      ),
  },
];

const ProductPanel = ({ product }: { product: Product }) => (
  <Tabs defaultValue="stock" keepMounted={false}>
    <Tabs.List>
      <Tabs.Tab value="stock">Stock</Tabs.Tab>
      <Tabs.Tab value="edit">Edit</Tabs.Tab>
    </Tabs.List>
    <Tabs.Panel value="stock" pt="md">
      <dl className={classes['figures']}>
        <div>
          <dt>On hand</dt>
          <dd>{formatNumber(product.available)}</dd>
        </div>
        <div>
          <dt>Reserved</dt>
          <dd>{formatNumber(product.reserved)}</dd>
        </div>
        <div>
          <dt>Free</dt>
          <dd>{formatNumber(product.free)}</dd>
        </div>
      </dl>
      <RestockForm product={product} />
      <h3 className={classes['heading']}>Movements</h3>
      <Movements productId={product.id} />
    </Tabs.Panel>
    <Tabs.Panel value="edit" pt="md">
      <ChangeProductForm product={product} />
    </Tabs.Panel>
  </Tabs>
);

const noProducts = { products: [], hasMore: false } as const;

export const StockPage = () => {
  const { q = '', product: openId } = stockRoute.useSearch();
  const navigate = useNavigate({ from: '/stock' });
  const query = useQuery(ownProductsQuery(useUser().id));
  const { products, hasMore } = query.data ?? noProducts;
  const found = useMemo(() => findProducts(products, q), [products, q]);
  const columns = useMemo(
    () =>
      columnsFor(({ id }) => {
        void navigate({ search: (before) => ({ ...before, product: id }), resetScroll: false });
      }),
    [navigate],
  );
  const open = products.find(({ id }) => id === openId);
  const close = (): void =>
    void navigate({ search: ({ product: _, ...before }) => before, resetScroll: false });
  const lowCount = found.filter(({ free }) => free > 0 && free < lowStock).length;
  return (
    <Page
      title="Stock"
      actions={
        <>
          <LiveMark state={liveStateOf(query)} />
          <TextInput
            aria-label="Search products"
            placeholder="Search by name or SKU"
            leftSection={<Search size={15} aria-hidden="true" />}
            value={q}
            onChange={({ currentTarget: { value } }) =>
              void navigate({
                search: ({ q: _, ...before }) => (value === '' ? before : { ...before, q: value }),
                replace: true,
                resetScroll: false,
              })
            }
          />
          <Button
            leftSection={<Plus size={15} aria-hidden="true" />}
            onClick={() =>
              void navigate({ search: (before) => ({ ...before, product: 'new' }), resetScroll: false })
            }
          >
            New product
          </Button>
        </>
      }
    >
      <Card flush>
        {query.isPending && <Loading lines={8} />}
        {query.isError && query.data === undefined && (
          <ErrorMessage error={query.error} retry={() => void query.refetch()} />
        )}
        {query.isSuccess && found.length === 0 && (
          <Empty title={q === '' ? 'No products yet' : 'No products found'}>
            {q === '' ? 'Create your first product.' : 'Try a different search.'}
          </Empty>
        )}
        {found.length > 0 && (
          <DataTable
            label="Your products"
            columns={columns}
            rows={found}
            rowId={({ id }) => id}
            sort={[{ id: 'name', desc: false }]}
            caption={[
              ...(hasMore ? [`Only the first ${formatCount(products.length, 'product')}`] : []),
              ...(lowCount === 0 ? [] : [`${formatCount(lowCount, 'product')} low on stock`]),
            ].join(' · ')}
          />
        )}
      </Card>
      <Drawer
        opened={openId !== undefined && (open !== undefined || openId === 'new')}
        onClose={close}
        position="right"
        title={open?.name ?? 'New product'}
      >
        {open === undefined ? (
          <NewProductForm
            onCreated={({ id }) =>
              void navigate({ search: (before) => ({ ...before, product: id }), replace: true })
            }
          />
        ) : (
          <ProductPanel product={open} />
        )}
      </Drawer>
    </Page>
  );
};
