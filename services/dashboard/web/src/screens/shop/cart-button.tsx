import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { ShoppingCart } from 'lucide-react';
import { useUser } from '../../api/session.ts';
import { countUnits, useCart } from './cart.ts';

export const CartButton = () => {
  const { cart } = useCart(useUser().id);
  const count = countUnits(cart);
  return (
    <Button
      component={Link}
      to="/shop"
      hash="cart"
      variant="default"
      leftSection={<ShoppingCart size={16} aria-hidden="true" />}
      aria-label={`Cart, ${count} ${count === 1 ? 'item' : 'items'}`}
    >
      {count}
    </Button>
  );
};
