// A customer in a real browser: the shop, the checkout, the live page of an order, and the messages for failed orders.
import { describe, expect, it } from 'vitest';
import { browserPath, useBrowser, type Visitor } from '../support/browser.ts';
import { newProduct, orderOne, orderWith, place, product, products } from '../support/shop.ts';
import { expireReservation } from '../support/time.ts';

const { newVisitor, visitorAs } = useBrowser();

const customer = () => visitorAs('user@orderflow.io');

/** Searches for each product by name and puts one unit into the cart. */
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
  it('places an order by keyboard only', async () => {
    const visitor = await customer();
    const { page } = visitor;
    const { name } = await newProduct(5);
    await page.getByRole('heading', { name: 'Shop' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type(name);
    const tabToAndPress = async (label: RegExp): Promise<void> => {
      for (let steps = 0; steps < 60; steps += 1) {
        await page.keyboard.press('Tab');
        // The function is passed as a string, because the tests are compiled without DOM types.
        const focused = await page.evaluate<string>(
          "document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? ''",
        );
        if (!label.test(focused)) continue;
        await page.keyboard.press('Enter');
        return;
      }
      throw new Error(`the Tab key never reached ${label.source}`);
    };
    await page.getByRole('button', { name: `Add ${name} to the cart` }).waitFor();
    await tabToAndPress(new RegExp(`^Add ${name} to the cart`));
    await tabToAndPress(/^Order and pay/);
    await page.waitForURL(/\/orders\/[0-9a-f-]{36}$/);
    await status(visitor, 'PAID').waitFor();
  });

  it('sees that the card was declined and that nothing was charged', async () => {
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

  it('sees that there was not enough stock, and no message about a declined card', async () => {
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

  it('can order at most the units in stock, and exactly the quantity that the cart shows', async () => {
    const visitor = await customer();
    const { page } = visitor;
    const { id, name } = await newProduct(5);
    await fillCart(visitor, [name]);
    const units = page.getByLabel(`Quantity of ${name}`);
    for (const [entered, expected] of [
      ['3', '3'],
      ['', '3'],
      ['0', '1'],
      ['1e9', '5'],
      ['4', '4'],
    ] as const) {
      await units.fill('');
      await units.pressSequentially(entered);
      await units.blur();
      expect([entered, await units.inputValue()]).toEqual([entered, expected]);
    }
    await place({ items: [{ productId: id, quantity: 2 }] });
    await page.getByText('Only 3 left. Reduce the quantity.').waitFor();
    await page.getByRole('button', { name: /^Order and pay/, disabled: true }).waitFor();
  });

  it('pays later on the order page, cancels, and gets a refund', async () => {
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

  it('sees that an unpaid order is cancelled when its reservation expires', async () => {
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

  it('can keep more order pages open in tabs than a browser opens connections to one server', async () => {
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
      // A headless browser treats every tab as visible, so the test simulates a hidden tab.
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

  it('sends an order again after its response was lost, by double click and with a changed cart; it is placed once', async () => {
    const visitor = await customer();
    const { page } = visitor;
    const { id, name } = await newProduct(5);
    await fillCart(visitor, [name]);
    // The first request takes effect, but its response is lost.
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
    await page.getByText('Pay later').click();
    await page.getByText(/\(pay now\) has no answer yet/).waitFor();
    await page.getByRole('button', { name: /^Send the order .* again/ }).dblclick();
    await page.waitForURL(/\/orders\/[0-9a-f-]{36}$/);
    await orderWith(orderIdOf(visitor), 'PAID');
    expect((await product(id)).reserved).toBe(1);
  });

  it('sees the order that was sent just before a reload, and does not place it again with the next order', async () => {
    const visitor = await customer();
    const { page } = visitor;
    const [first, second] = [await newProduct(5), await newProduct(5)];
    await fillCart(visitor, [first.name]);
    // The request takes effect, but the page is gone before the response arrives.
    const reached = Promise.withResolvers<undefined>();
    await page.route(
      '**/api/order/orders',
      async (route) => {
        await route.fetch();
        reached.resolve(undefined);
      },
      { times: 1 },
    );
    await page.getByRole('button', { name: /^Order and pay/ }).click();
    await reached.promise;
    await page.reload();
    await page.waitForURL(/\/orders\/[0-9a-f-]{36}$/);
    await orderWith(orderIdOf(visitor), 'PAID');
    await visitor.visit('/shop');
    await fillCart(visitor, [second.name]);
    await page.getByRole('button', { name: /^Order and pay/ }).click();
    await page.waitForURL(/\/orders\/[0-9a-f-]{36}$/);
    await orderWith(orderIdOf(visitor), 'PAID');
    expect((await product(first.id)).reserved).toBe(1);
    expect((await product(second.id)).reserved).toBe(1);
  });

  it('loads at most 250 kB of compressed scripts for the shop', async () => {
    const { context } = await customer();
    const page = await context.newPage();
    const scripts = new Set<string>();
    page.on('response', (response) => {
      if (new URL(response.url()).pathname.endsWith('.js')) scripts.add(response.url());
    });
    await page.goto('/shop');
    await page.getByRole('button', { name: /^Add / }).first().waitFor();
    const sizes = await Promise.all(
      [...scripts].map(async (url) => {
        const response = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
        return Number(response.headers.get('content-length'));
      }),
    );
    const sum = sizes.reduce((total, size) => total + size, 0);
    expect(sum).toBeGreaterThan(50_000);
    expect(sum).toBeLessThan(250_000);
  });

  it('keeps the cart after a reload and shares it with another tab', async () => {
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

  it('sees HTML in a product name as text', async () => {
    const visitor = await customer();
    const name = `<img src=x onerror="document.title='broken'"> ${crypto.randomUUID()}`;
    await products('seller').create({
      body: { name, sku: crypto.randomUUID(), price: { amountMinor: 100, currency: 'EUR' }, quantity: 1 },
    });
    await visitor.visit('/shop');
    await visitor.page.getByText(name, { exact: true }).waitFor();
    expect(await visitor.page.title()).toBe('Shop · OrderFlow');
  });

  it('cannot open the order of another customer, and a seller cannot open the shop', async () => {
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

describe.skipIf(browserPath === undefined)('a visitor who is not signed in', () => {
  it('is redirected to the sign-in page and, after the sign-in, back to the requested page', async () => {
    const { page, visit, expectAccessible } = await newVisitor({ width: 390, height: 844 });
    await visit('/status');
    await visit('/orders?status=PAID');
    await page.getByText('Sign in as a demo user').waitFor();
    await expectAccessible();
    await page.getByRole('button', { name: /^user@orderflow.io/ }).click();
    await page.waitForURL(/\/orders\?status=PAID/);
    // Neither Back nor a bookmark shows the sign-in page to a user who is signed in.
    await page.goBack();
    await page.waitForURL(/\/status$/);
    await visit('/sign-in?to=/orders');
    await page.waitForURL(/\/orders$/);
  });

  it('sees whether the functions of the shop work', async () => {
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
  it('sees components that a visitor who is not signed in does not see', async () => {
    const { page, visit, expectAccessible } = await visitorAs('admin@orderflow.io');
    await visit('/status');
    await page.getByRole('rowheader', { name: 'payment-pipeline' }).waitFor();
    await expectAccessible();
  });
});
