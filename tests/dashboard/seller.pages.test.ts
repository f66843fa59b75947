// A seller in a real browser: ships parcels, manages stock, and resolves a concurrent change of a product.
import { describe, expect, it } from 'vitest';
import { browserPath, useBrowser } from '../support/browser.ts';
import { call, newProduct, orderOne, orderWith, place, product, products } from '../support/shop.ts';

const { newVisitor, visitorAs } = useBrowser();

// These tests use the second seller. The lists of the first seller are long, because most other tests use that seller.
const seller = () => visitorAs('seller2@orderflow.io');

const paidOrder = async (productId: string): Promise<string> => {
  const { id } = await orderOne(productId);
  await orderWith(id, 'PAID');
  return id;
};

// The accessibility check of long pages takes time.
describe.skipIf(browserPath === undefined)('a seller', { timeout: 120_000 }, () => {
  it('confirms and ships a parcel, and the customer sees both steps', async () => {
    const { page, visit, expectAccessible } = await seller();
    const { id: productId } = await newProduct(5, 'seller2');
    const id = await paidOrder(productId);
    await visit('/to-ship?sort=newest');
    const parcel = page.getByRole('listitem', { name: `Parcel of order ${id.slice(-4)}` });
    await parcel.waitFor();
    await expectAccessible();
    const customer = await newVisitor();
    await customer.signIn('user@orderflow.io');
    await customer.visit(`/orders/${id}`);
    await parcel.getByRole('button', { name: 'Confirm' }).click();
    await parcel.getByText('CONFIRMED').waitFor();
    await customer.page.getByText('confirmed by the seller').waitFor();
    await customer.page.getByRole('button', { name: 'Cancel order' }).click();
    await parcel.getByRole('button', { name: 'Ship' }).click();
    await expectAccessible();
    await page.getByRole('button', { name: 'Mark as shipped' }).click();
    await parcel.waitFor({ state: 'detached' });
    // The customer was about to cancel: the open dialog says why that is no longer possible.
    const dialog = customer.page.getByRole('dialog', { name: 'Cancel this order?' });
    await dialog.getByText('A seller has shipped items of this order').waitFor();
    expect(await dialog.getByRole('button', { name: 'Cancel the order' }).count()).toBe(0);
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await customer.page.getByRole('main').getByText('FULFILLED', { exact: true }).waitFor();
  });

  it('ships a selection, and sees which parcel was refused', async () => {
    const { page, visit } = await seller();
    const { id: productId } = await newProduct(5, 'seller2');
    const [first, second] = [await paidOrder(productId), await paidOrder(productId)];
    await visit('/to-ship?sort=newest');
    const parcel = (id: string) => page.getByRole('listitem', { name: `Parcel of order ${id.slice(-4)}` });
    for (const id of [first, second]) await parcel(id).getByRole('checkbox').check();
    // The service refuses to ship the second order, although the page offers it.
    await page.route(`**/api/order/orders/${second}/fulfill`, (route) =>
      route.fulfill({
        status: 409,
        contentType: 'application/problem+json',
        body: JSON.stringify({ title: 'Not possible in this state', code: 'illegal_transition' }),
      }),
    );
    await page.getByRole('button', { name: 'Ship selected' }).click();
    const dialog = page.getByRole('dialog', { name: 'Ship 2 parcels?' });
    await dialog.getByRole('button', { name: 'Not yet' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await parcel(first).count()).toBe(1);
    await page.getByRole('button', { name: 'Ship selected' }).click();
    await page.getByRole('button', { name: 'Mark as shipped' }).click();
    await parcel(second).getByRole('alert').getByText('Not possible in this state').first().waitFor();
    await page.getByText('1 parcel shipped.').waitFor();
    await orderWith(first, 'FULFILLED');
  });

  it('ships only their own lines of an order that has two sellers', async () => {
    const { id: own } = await newProduct(5, 'seller2');
    const { id: other } = await newProduct(5, 'seller');
    const { id } = await place({
      items: [
        { productId: own, quantity: 1 },
        { productId: other, quantity: 2 },
      ],
    });
    await orderWith(id, 'PAID');
    const customer = await visitorAs('user@orderflow.io');
    await customer.visit(`/orders/${id}`);
    for (const [email, shipped] of [
      ['seller2@orderflow.io', '1 of 2 items'],
      ['seller@orderflow.io', '2 of 2 items'],
    ] as const) {
      const { page, visit } = await visitorAs(email);
      await visit('/to-ship?sort=newest');
      const parcel = page.getByRole('listitem', { name: `Parcel of order ${id.slice(-4)}` });
      await parcel.getByRole('button', { name: 'Ship' }).click();
      await page.getByRole('button', { name: 'Mark as shipped' }).click();
      await customer.page.getByText(shipped).waitFor();
    }
    await customer.page.getByRole('main').getByText('FULFILLED', { exact: true }).waitFor();
  });

  it('cannot ship an order that its customer cancels while the dialog is open', async () => {
    const { page, visit } = await seller();
    const { id: productId } = await newProduct(5, 'seller2');
    const id = await paidOrder(productId);
    await visit('/to-ship?sort=newest');
    const parcel = page.getByRole('listitem', { name: `Parcel of order ${id.slice(-4)}` });
    await parcel.getByRole('button', { name: 'Ship' }).click();
    const dialog = page.getByRole('dialog', { name: `Ship the parcel of order ${id.slice(-4)}?` });
    await dialog.waitFor();
    const cancelled = await call('order', `/api/v1/orders/${id}/cancel`, {
      method: 'POST',
      body: {},
      as: 'user',
    });
    expect(cancelled.status).toBe(200);
    await page.getByText('The order was cancelled or shipped in the meantime.').waitFor();
    expect(await page.getByRole('button', { name: 'Mark as shipped' }).count()).toBe(0);
  });

  it('restocks a product and sees the stock movement', async () => {
    const { page, visit, expectAccessible } = await seller();
    const { id, name } = await newProduct(3, 'seller2');
    await visit(`/stock?q=${encodeURIComponent(name)}`);
    await page.getByText('LOW', { exact: true }).waitFor();
    await expectAccessible();
    await page.getByRole('button', { name: new RegExp(name) }).click();
    await page.getByLabel('Units received').fill('40');
    await page.getByRole('button', { name: 'Restock' }).click();
    await page.getByText('+40 on hand').waitFor();
    await expectAccessible();
    expect((await product(id)).available).toBe(43);
    await page.reload();
    await page.getByRole('heading', { name: 'Movements' }).waitFor();
  });

  it('creates a product, and sees a validation error at its field', async () => {
    const { page, visit } = await seller();
    await visit('/stock?product=new');
    const name = `Teapot ${crypto.randomUUID()}`;
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('SKU').fill(crypto.randomUUID());
    await page.getByLabel('Price').fill('1,234.50');
    await page.getByText('Enter a price such as 1234.50, without other separators.').waitFor();
    await page.getByLabel('Price').fill('0');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('The price must be between €0.01 and €1,000,000,000.00.').waitFor();
    await page.getByLabel('Price').fill('19.99');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('dialog', { name }).waitFor();
    await page.getByText('€19.99').first().waitFor();
  });

  it('overwrites a concurrent change only after a confirmation', async () => {
    const { page, visit } = await seller();
    const { id, name } = await newProduct(3, 'seller2');
    await visit(`/stock?product=${id}`);
    await page.getByRole('tab', { name: 'Edit' }).click();
    await page.getByLabel('Name').fill(`${name} mine`);
    await products('seller2').change({ params: { id }, body: { name: `${name} theirs` } });
    await page.getByRole('button', { name: 'Save' }).click();
    const dialog = page.getByRole('dialog', { name: 'This product was changed by someone else' });
    await dialog.getByText(`${name} theirs`).waitFor();
    expect((await product(id)).name).toBe(`${name} theirs`);
    await dialog.getByRole('button', { name: 'Save mine' }).click();
    await page.getByText('Saved.').waitFor();
    expect((await product(id)).name).toBe(`${name} mine`);
  });
});
