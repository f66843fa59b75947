import { Button, Select, TextInput } from '@mantine/core';
import { useDebouncedValue, useHotkeys } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, getRouteApi } from '@tanstack/react-router';
import { Search, X } from 'lucide-react';
import { useMemo, useRef } from 'react';
import { productsQuery } from '../../api/queries.ts';
import type { Product } from '../../api/types.ts';
import { useUser } from '../../api/session.ts';
import { formatMoney, formatNumber, sellerName } from '../../parts/format.ts';
import { Columns, Page } from '../../parts/page.tsx';
import { ShowMore } from '../../parts/show-more.tsx';
import { ProductPicture } from '../../parts/product-picture.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import { CartCard } from './cart-card.tsx';
import { useCart } from './cart.ts';
import classes from './shop-page.module.css';

const shopRoute = getRouteApi('/shop');

const describeStock = (free: number): { readonly text: string; readonly tone: 'none' | 'low' | 'plenty' } => {
  if (free <= 0) return { text: 'Sold out', tone: 'none' };
  if (free < 10) return { text: `Only ${formatNumber(free)} left`, tone: 'low' };
  return { text: `${formatNumber(free)} in stock`, tone: 'plenty' };
};

interface ProductCardProps {
  readonly product: Product;
  readonly inCart: number;
  readonly onAdd: () => void;
}
const ProductCard = ({ product, inCart, onAdd }: ProductCardProps) => {
  const stock = describeStock(product.free);
  return (
    <article className={classes['product']} aria-label={product.name}>
      <ProductPicture name={product.name} />
      <div>
        <b>{product.name}</b>
        <small>
          <span data-tone={stock.tone}>{stock.text}</span>
          {inCart > 0 && (
            <>
              {' · '}
              <b>{product.free === inCart ? 'all' : formatNumber(inCart)} in your cart</b>
            </>
          )}
          {' · '}
          <Link
            from="/shop"
            to="/shop"
            search={(before) => ({ ...before, seller: product.sellerId })}
            title={`Show only products from ${sellerName(product.sellerId)}`}
          >
            {sellerName(product.sellerId)}
          </Link>
        </small>
        <span className={classes['foot']}>
          <span className={classes['price']}>{formatMoney(product.price)}</span>
          <Button
            variant="default"
            disabled={product.free <= inCart}
            onClick={onAdd}
            aria-label={`Add ${product.name} to the cart`}
          >
            Add
          </Button>
        </span>
      </div>
    </article>
  );
};

const Products = ({ products }: { products: readonly Product[] }) => {
  const { cart, setUnits } = useCart(useUser().id);
  if (products.length === 0) return <Empty title="No products found">Try a different search.</Empty>;
  return (
    <div className={classes['grid']}>
      {products.map((product) => {
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

const Filters = () => {
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
      {search.seller !== undefined && (
        <Button
          variant="light"
          rightSection={<X size={14} aria-hidden="true" />}
          aria-label={`Remove filter: ${sellerName(search.seller)}`}
          onClick={() => change({ seller: undefined })}
        >
          {sellerName(search.seller)}
        </Button>
      )}
      <TextInput
        ref={field}
        aria-label="Search products"
        placeholder="Search, or press /"
        leftSection={<Search size={15} aria-hidden="true" />}
        maxLength={100}
        value={search.q ?? ''}
        onChange={({ currentTarget: { value } }) => change({ q: value === '' ? undefined : value })}
      />
      <Select
        aria-label="Sort by"
        w={190}
        data={[
          { value: 'name', label: 'Name' },
          { value: 'price', label: 'Price: low to high' },
          { value: '-price', label: 'Price: high to low' },
        ]}
        value={search.sort ?? 'name'}
        allowDeselect={false}
        onChange={(value) => change({ sort: value === null || value === 'name' ? undefined : value })}
      />
    </>
  );
};

/** Milliseconds without a keystroke before the search runs. */
const searchDelayMs = 150;

export const ShopPage = () => {
  const { q, ...rest } = shopRoute.useSearch();
  const [typed] = useDebouncedValue(q?.trim(), searchDelayMs);
  const products = useInfiniteQuery(
    productsQuery({ ...rest, ...(typed === undefined || typed === '' ? {} : { q: typed }) }),
  );
  const found = useMemo(() => products.data?.pages.flatMap(({ data }) => data), [products.data]);
  return (
    <Page title="Shop" actions={<Filters />}>
      <Columns aside={<CartCard />} sticky>
        {products.isPending && <Loading lines={8} />}
        {products.isError && found === undefined && (
          <ErrorMessage error={products.error} retry={() => void products.refetch()} />
        )}
        {found !== undefined && <Products products={found} />}
        <ShowMore query={products}>Show more products</ShowMore>
      </Columns>
    </Page>
  );
};
