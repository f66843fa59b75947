import { Button, Select, TextInput } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import { useRef } from 'react';
import { productsQuery } from '../../api/queries.ts';
import type { Product } from '../../api/types.ts';
import { shopRoute } from '../../app/router.tsx';
import { useUser } from '../../app/session.ts';
import { formatMoney, formatNumber, sellerName } from '../../parts/format.ts';
import { Columns, Page } from '../../parts/page.tsx';
import { ProductPicture } from '../../parts/product-picture.tsx';
import { Empty, Failed, Loading } from '../../parts/states.tsx';
import { CartCard } from './cart-card.tsx';
import { useCart } from './cart.ts';
import { findProducts, sellersOf } from './find-products.ts';
import classes from './shop-page.module.css';

const stockInWords = (free: number): { readonly text: string; readonly tone: 'none' | 'low' | 'plenty' } => {
  if (free <= 0) return { text: 'sold out', tone: 'none' };
  if (free < 10) return { text: `only ${formatNumber(free)} left`, tone: 'low' };
  return { text: `${formatNumber(free)} in stock`, tone: 'plenty' };
};

interface ProductCardProps {
  readonly product: Product;
  readonly inCart: number;
  readonly onAdd: () => void;
}
const ProductCard = ({ product, inCart, onAdd }: ProductCardProps) => {
  const stock = stockInWords(product.free);
  return (
    <article className={classes['product']} aria-label={product.name}>
      <ProductPicture name={product.name} />
      <div>
        <b>{product.name}</b>
        <small>
          <span data-tone={stock.tone}>{stock.text}</span> · {sellerName(product.sellerId)}
        </small>
        <span className={classes['foot']}>
          <span className={classes['price']}>{formatMoney(product.price)}</span>
          <Button
            variant="default"
            disabled={product.free <= inCart}
            onClick={onAdd}
            aria-label={`Add ${product.name} to the cart`}
          >
            {inCart === 0 ? 'Add' : `Add · ${formatNumber(inCart)}`}
          </Button>
        </span>
      </div>
    </article>
  );
};

const Products = ({ products }: { products: readonly Product[] }) => {
  const search = shopRoute.useSearch();
  const { cart, setUnits } = useCart(useUser().id);
  const found = findProducts(products, search);
  if (found.length === 0) return <Empty title="No product fits">Try another word or another seller.</Empty>;
  return (
    <div className={classes['grid']}>
      {found.map((product) => {
        const inCart = cart.units[product.id] ?? 0;
        return (
          <ProductCard
            key={product.id}
            product={product}
            inCart={inCart}
            onAdd={() => setUnits(product.id, inCart + 1)}
          />
        );
      })}
    </div>
  );
};

const Filters = ({ products }: { products: readonly Product[] }) => {
  const search = shopRoute.useSearch();
  const navigate = useNavigate({ from: '/shop' });
  const field = useRef<HTMLInputElement>(null);
  useHotkeys([['/', () => field.current?.focus()]]);
  const change = (changed: Partial<Record<'q' | 'sort' | 'seller', string | undefined>>): void => {
    void navigate({
      search: (before) =>
        Object.fromEntries(
          Object.entries({ ...before, ...changed }).filter(([, value]) => value !== undefined),
        ),
      replace: true,
      resetScroll: false,
    });
  };
  return (
    <>
      <TextInput
        ref={field}
        aria-label="Search products"
        placeholder="Search, or press /"
        leftSection={<Search size={15} aria-hidden="true" />}
        value={search.q ?? ''}
        onChange={({ currentTarget: { value } }) => change({ q: value === '' ? undefined : value })}
      />
      <Select
        aria-label="Seller"
        w={140}
        data={[
          { value: 'all', label: 'All sellers' },
          ...sellersOf(products).map((id) => ({ value: id, label: sellerName(id) })),
        ]}
        value={search.seller ?? 'all'}
        allowDeselect={false}
        onChange={(value) => change({ seller: value === null || value === 'all' ? undefined : value })}
      />
      <Select
        aria-label="Sort"
        w={170}
        data={[
          { value: 'name', label: 'By name' },
          { value: 'price', label: 'Cheapest first' },
          { value: '-price', label: 'Dearest first' },
        ]}
        value={search.sort ?? 'name'}
        allowDeselect={false}
        onChange={(value) => change({ sort: value === null || value === 'name' ? undefined : value })}
      />
    </>
  );
};

export const ShopPage = () => {
  const products = useQuery(productsQuery);
  return (
    <Page title="Shop" actions={<Filters products={products.data ?? []} />}>
      <Columns aside={<CartCard products={products.data} />}>
        {products.isPending && <Loading lines={8} />}
        {products.isError && products.data === undefined && (
          <Failed error={products.error} retry={() => void products.refetch()} />
        )}
        {products.data !== undefined && <Products products={products.data} />}
      </Columns>
    </Page>
  );
};
