// A customer in a real browser: shop, checkout, the page of the order as it goes live, and the saga's failures as people see
// them.
import { describe, expect, it } from 'vitest';
import { browserPath, useBrowser, type Visitor } from '../support/browser.ts';
import { newProduct, orderOne, orderWith, place, product, products } from '../support/shop.ts';
import { expireReservation } from '../support/time.ts';

const { newVisitor, visitorAs } = useBrowser();

const customer = () => visitorAs('user@orderflow.io');

/** Puts one unit of each product into the cart, by searching for its name. */
const fillCart = async ({ page }: Visitor, names: readonly string[]): Promise<void> => {
  for (const name of names) {
    await page.getByLabel('Search products').fill(name);
    await page.getByRole('button', { name: `Add ${name} to the cart` }).click();
  }
};

const orderToPayLater = async (visitor: Visitor): Promise<void> => {
  const { page } = visitor;
  const { name } = await newProduct(5);
  await fillCart(visitor, [name]);
  await page.getByText('Pay later', { exact: true }).click();
  await page.getByRole('button', { name: /^Order for/ }).click();
};

const status = ({ page }: Visitor, word: string) => page.getByRole('main').getByText(word, { exact: true });
const orderIdOf = ({ page }: Visitor): string => new URL(page.url()).pathname.split('/').at(-1) ?? '';

describe.skipIf(browserPath === undefined)('a customer', () => {
  it('orders by keyboard alone', async () => {
    const visitor = await customer();
    const { page } = visitor;
    const { name } = await newProduct(5);
    await page.getByRole('heading', { name: 'Shop' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type(name);
    const press = async (what: RegExp): Promise<void> => {
      for (let steps = 0; steps < 60; steps += 1) {
        await page.keyboard.press('Tab');
        // A string, because the tests have no DOM types.
        const focused = await page.evaluate<string>(
          "document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? ''",
        );
        if (!what.test(focused)) continue;
        await page.keyboard.press('Enter');
        return;
      }
      throw new Error(`the Tab key never reached ${what.source}`);
    };
    await page.getByRole('button', { name: `Add ${name} to the cart` }).waitFor();
    await press(new RegExp(`^Add ${name} to the cart`));
    await press(/^Order and pay/);
    await page.waitForURL(/\/orders\/[0-9a-f-]{36}$/);
    await status(visitor, 'PAID').waitFor();
  });

  it('is told that the card was declined, and that nothing was charged', async () => {
    const visitor = await customer();
    const { page } = visitor;
    const { name } = await newProduct(5);
    await fillCart(visitor, [name]);
    await page.getByText('Declined', { exact: true }).click();
    await page.getByRole('button', { name: /^Order and pay/ }).click();
    await status(visitor, 'CANCELLED').waitFor();
    await page.getByText('You were not charged. Order again with a different card.').waitFor();
    await page.getByText('DECLINED', { exact: true }).waitFor();
    await visitor.expectAccessible();
    await page.getByRole('button', { name: 'Order again' }).click();
    await page.getByText('Succeeds', { exact: true }).click();
    await page.getByRole('button', { name: /^Order and pay/ }).click();
    await status(visitor, 'PAID').waitFor();
  });

  it('is told that not enough was in stock, and not that the card was declined', async () => {
    const visitor = await customer();
    const { page } = visitor;
    const { id: productId } = await newProduct(1);
    const { id } = await place({ items: [{ productId, quantity: 2 }] });
    await orderWith(id, 'CANCELLED');
    await visitor.visit(`/orders/${id}`);
    await page.getByText('Not enough stock.').waitFor();
    await page.getByText('NOT CHARGED', { exact: true }).waitFor();
    expect(await page.getByText('card was declined').count()).toBe(0);
  });

  it('orders the number that the cart shows, and no more than there is', async () => {
    const visitor = await customer();
    const { page } = visitor;
    const { id, name } = await newProduct(5);
    await fillCart(visitor, [name]);
    const units = page.getByLabel(`Quantity of ${name}`);
    for (const [entered, kept] of [
      ['3', '3'],
      ['', '3'],
      ['0', '1'],
      ['1e9', '5'],
      ['4', '4'],
    ] as const) {
      await units.fill('');
      await units.pressSequentially(entered);
      await units.blur();
      expect([entered, await units.inputValue()]).toEqual([entered, kept]);
    }
    await place({ items: [{ productId: id, quantity: 2 }] });
    await page.getByText('Only 3 left. Reduce the quantity.').waitFor();
    await page.getByRole('button', { name: /^Order and pay/, disabled: true }).waitFor();
  });

  it('pays later by hand, cancels, and gets a refund', async () => {
    const visitor = await customer();
    const { page } = visitor;
    await orderToPayLater(visitor);
    await status(visitor, 'CONFIRMED').waitFor();
    expect(await page.getByRole('timer').textContent()).toMatch(/^(29|30):\d\d$/);
    await visitor.expectAccessible();
    await page.getByRole('button', { name: /^Pay/ }).click();
    await status(visitor, 'PAID').waitFor();
    await page.getByRole('button', { name: 'Cancel order' }).click();
    await page.getByRole('button', { name: 'Cancel the order' }).click();
    await status(visitor, 'CANCELLED').waitFor();
    await page.getByText('REFUNDED', { exact: true }).waitFor();
  });

  it('sees the order cancelled when it was not paid before the reservation expired', async () => {
    const visitor = await customer();
    const { page } = visitor;
    await orderToPayLater(visitor);
    await page.getByRole('timer').waitFor();
    await expireReservation(orderIdOf(visitor));
    await status(visitor, 'CANCELLED').waitFor();
    await page.getByText('The order was not paid in time.').waitFor();
    expect(await page.getByRole('timer').count()).toBe(0);
    await visitor.expectAccessible();
  });

  it('may leave more orders open in tabs than a browser opens connections', async () => {
    const { context } = await customer();
    const { id: productId } = await newProduct(20);
    const tabs = [];
    for (let number = 0; number < 8; number += 1) {
      const { id } = await orderOne(productId);
      await orderWith(id, 'PAID');
      const tab = await context.newPage();
      tabs.push(tab);
      await tab.goto(`/orders/${id}`);
      await tab.getByRole('status').filter({ hasText: 'live' }).waitFor();
      // Hides the tab by hand, because this browser treats every tab as visible.
      await tab.evaluate(
        `Object.defineProperty(document, 'visibilityState', { configurable: true, value: 'hidden' });
         document.dispatchEvent(new Event('visibilitychange'))`,
      );
      await tab.getByRole('status').filter({ hasText: 'connecting' }).waitFor();
    }
    const [first] = tabs;
    await first?.evaluate(
      "delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))",
    );
    await first?.getByRole('status').filter({ hasText: 'live' }).waitFor();
  });

  it('gets one order from a double click, and from a second try after a lost answer', async () => {
    const visitor = await customer();
    const { page } = visitor;
    const { id, name } = await newProduct(5);
    await fillCart(visitor, [name]);
    // The first request takes effect, but its answer is lost.
    await page.route(
      '**/api/order/orders',
      async (route) => {
        await route.fetch();
        await route.abort('connectionreset');
      },
      { times: 1 },
    );
    await page.getByRole('button', { name: /^Order and pay/ }).click();
    await page.getByText('Cannot reach the server').waitFor();
    await page.getByRole('button', { name: /^Order and pay/ }).dblclick();
    await page.waitForURL(/\/orders\/[0-9a-f-]{36}$/);
    await orderWith(orderIdOf(visitor), 'PAID');
    expect((await product(id)).reserved).toBe(1);
  });

  it('loads at most 250 kB of compressed scripts to see the shop', async () => {
    const { context } = await customer();
    const page = await context.newPage();
    const scripts = new Set<string>();
    page.on('response', (answer) => {
      if (new URL(answer.url()).pathname.endsWith('.js')) scripts.add(answer.url());
    });
    await page.goto('/shop');
    await page.getByRole('button', { name: /^Add / }).first().waitFor();
    const sizes = await Promise.all(
      [...scripts].map(async (url) => {
        const answer = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
        return Number(answer.headers.get('content-length'));
      }),
    );
    const sum = sizes.reduce((total, size) => total + size, 0);
    expect(sum).toBeGreaterThan(50_000);
    expect(sum).toBeLessThan(250_000);
  });

  it('keeps the cart over a reload and in another tab', async () => {
    const visitor = await customer();
    const { page, context } = visitor;
    const { name } = await newProduct(5);
    await fillCart(visitor, [name]);
    await page.reload();
    await page.getByLabel(`Quantity of ${name}`).waitFor();
    const tab = await context.newPage();
    await tab.goto('/shop');
    await tab.getByLabel(`Quantity of ${name}`).waitFor();
  });

  it('signs out in one tab and is signed out in the other', async () => {
    const visitor = await customer();
    const tab = await visitor.context.newPage();
    await tab.goto('/orders');
    await tab.getByRole('heading', { name: 'My orders' }).waitFor();
    await visitor.page.getByRole('button', { name: /^Account:/ }).click();
    await visitor.page.getByRole('menuitem', { name: 'Sign out' }).click();
    await visitor.page.getByText('Sign in as a demo user').waitFor();
    await tab.waitForURL(/\/sign-in/);
  });

  it('sees a product name as text, whatever is in it', async () => {
    const visitor = await customer();
    const name = `<img src=x onerror="document.title='broken'"> ${crypto.randomUUID()}`;
    await products('seller').create({
      body: { name, sku: crypto.randomUUID(), price: { amountMinor: 100, currency: 'EUR' }, quantity: 1 },
    });
    await visitor.visit('/shop');
    await visitor.page.getByText(name, { exact: true }).waitFor();
    expect(await visitor.page.title()).toBe('Shop · OrderFlow');
  });

  it('never reaches the order of somebody else, nor a page of another role', async () => {
    const { id } = await newProduct(1);
    const other = await orderOne(id, { as: 'user2' });
    const visitor = await customer();
    await visitor.visit(`/orders/${other.id}`);
    await visitor.page.getByRole('alert').getByText('Not found', { exact: true }).waitFor();
    const seller = await newVisitor();
    await seller.signIn('seller@orderflow.io');
    await seller.visit('/shop');
    await seller.page.waitForURL((url) => url.pathname !== '/shop');
  });
});

describe.skipIf(browserPath === undefined)('somebody who is not signed in', () => {
  it('is sent to the sign-in page and back to the address', async () => {
    const { page, visit, expectAccessible } = await newVisitor({ width: 390, height: 844 });
    await visit('/orders?status=PAID');
    await page.getByText('Sign in as a demo user').waitFor();
    await expectAccessible();
    await page.getByRole('button', { name: /^user@orderflow.io/ }).click();
    await page.waitForURL(/\/orders\?status=PAID/);
  });

  it('sees whether the system works', async () => {
    const { page, visit, expectAccessible } = await newVisitor();
    await visit('/status');
    await page.getByRole('heading', { name: 'All systems operational' }).waitFor();
    await page.getByRole('listitem').filter({ hasText: 'Payments' }).getByText('Operational').waitFor();
    expect(await page.getByRole('table').count()).toBe(0);
    expect(await (await page.request.get('/health')).text()).not.toContain('pipeline');
    await expectAccessible();
  });
});

describe.skipIf(browserPath === undefined)('an administrator on the status page', () => {
  it('sees every component', async () => {
    const { page, visit, expectAccessible } = await visitorAs('admin@orderflow.io');
    await visit('/status');
    await page.getByRole('rowheader', { name: 'payment-pipeline' }).waitFor();
    await expectAccessible();
  });
});
