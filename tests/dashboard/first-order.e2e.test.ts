// A customer places an order in a real browser. This is the only browser test of `npm test`; the others are `*.pages.test.ts`.
import { describe, it } from 'vitest';
import { browserPath, useBrowser } from '../support/browser.ts';
import { newProduct } from '../support/shop.ts';

const { visitorAs } = useBrowser();

describe.skipIf(browserPath === undefined)('a customer', () => {
  it('places an order by mouse and sees it become PAID without a reload', async () => {
    const visitor = await visitorAs('user@orderflow.io');
    const { page } = visitor;
    const { name } = await newProduct(5);
    await page.getByLabel('Search products').fill(name);
    await page.getByRole('button', { name: `Add ${name} to the cart` }).click();
    await page.getByRole('button', { name: /^Order and pay/ }).click();
    await page.waitForURL(/\/orders\/[0-9a-f-]{36}$/);
    await page.getByRole('main').getByText('PAID', { exact: true }).waitFor();
    await page.getByRole('listitem').filter({ hasText: 'Your card was charged' }).waitFor();
    await page.getByText('CHARGED', { exact: true }).waitFor();
    await page.getByRole('status').filter({ hasText: 'live' }).waitFor();
    await visitor.expectAccessible();
    await page.getByRole('link', { name: 'My orders' }).first().click();
    await page
      .getByRole('link', { name: new RegExp(name) })
      .first()
      .waitFor();
    await visitor.expectAccessible();
  });
});
