// An administrator in a real browser: the event catalogue, the permissions, and the audit log with its hash chain.
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { browserPath, useBrowser } from '../support/browser.ts';
import { call, newProduct, orderOne } from '../support/shop.ts';

const { newVisitor, visitorAs } = useBrowser();

const administrator = () => visitorAs('admin@orderflow.io');

// The accessibility check of long pages takes time.
describe.skipIf(browserPath === undefined)('an administrator', { timeout: 120_000 }, () => {
  it('finds an event with its consumers and fields, and returns to the event with the Back button', async () => {
    const { page, visit, expectAccessible } = await administrator();
    await visit('/events?type=order.created');
    const event = page.getByRole('article', { name: 'order.created' });
    const consumers = event.getByRole('list', { name: 'Consumers' });
    await consumers.getByText('inventory', { exact: true }).waitFor();
    await consumers.getByText('payment', { exact: true }).waitFor();
    await event.getByRole('rowheader', { name: 'customerId' }).waitFor();
    await expectAccessible();
    await page.getByRole('link', { name: /^payment\.refunded/ }).click();
    await page.getByRole('article', { name: 'payment.refunded' }).waitFor();
    await page.goBack();
    await event.waitFor();
  });

  it('sees the changes between two versions of an event', async () => {
    const { page, visit, expectAccessible } = await administrator();
    // An event may have only one version, so this test adds a second version to the response.
    await page.route('**/api/catalogue/events', async (route) => {
      const response = await route.fetch();
      const { data } = (await response.json()) as { data: { type: string; versions: object[] }[] };
      const changed = data.map((event) =>
        event.type === 'order.fulfilled'
          ? { ...event, versions: [1, 2].map((version) => ({ ...event.versions[0], version, id: version })) }
          : event,
      );
      await route.fulfill({ json: { data: changed } });
    });
    await page.route('**/api/catalogue/events/order.fulfilled/changes?from=1&to=2', (route) =>
      route.fulfill({
        json: {
          compatibility: 'FULL',
          changes: [{ path: 'units', kind: 'added', what: '`int`, default `0`', note: '<b>text</b>' }],
        },
      }),
    );
    await visit('/events?type=order.fulfilled&from=1&to=2');
    const changes = page.getByRole('list', { name: 'Changes from version 1 to 2' });
    await changes.getByText('units').waitFor();
    await changes.getByText('added').waitFor();
    // HTML in a schema is shown as text.
    await changes.getByText('<b>text</b>').waitFor();
    await page.getByText('Each version can read records of the other version.').waitFor();
    await expectAccessible();
  });

  it('finds the roles that may call an action', async () => {
    const { page, visit, expectAccessible } = await administrator();
    await visit('/access');
    await page.getByRole('rowheader', { name: 'orders.place' }).waitFor();
    await expectAccessible();
    await page.getByLabel('Search actions').fill('products.restock');
    const row = page.getByRole('row', { name: /products\.restock/ });
    await row.getByText('own', { exact: true }).waitFor();
    await page.getByText(/^1 of \d+ actions$/).waitFor();
    expect(new URL(page.url()).searchParams.get('q')).toBe('products.restock');
    await page.reload();
    await row.waitFor();
    expect(await page.getByRole('rowheader', { name: 'orders.place' }).count()).toBe(0);
  });

  it('finds a refused action, and verifies the hash chain', async () => {
    const { page, visit, expectAccessible } = await administrator();
    const { id: productId } = await newProduct(5);
    const { id } = await orderOne(productId, { mode: 'MANUAL' });
    const correlationId = randomUUID();
    const { status } = await call('order', `/api/v1/orders/${id}/cancel`, {
      as: 'seller',
      method: 'POST',
      headers: { 'x-correlation-id': correlationId },
    });
    expect(status).toBe(403);
    await visit('/audit-log?service=order&outcome=refused&subject=user-seller-001&action=orders.cancel');
    const log = page.getByRole('list', { name: 'Audit log of the order service' });
    const line = log.getByRole('button', { name: new RegExp(`REFUSED.*orders\\.cancel.*${id.slice(-4)}`) });
    await line.click();
    await log.getByText(correlationId).waitFor();
    await page.getByRole('button', { name: 'Verify chain' }).click();
    await page.getByText('INTACT', { exact: true }).waitFor();
    await page.getByText(/^The chain is intact/).waitFor();
    await expectAccessible();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.waitForURL((url) => url.searchParams.get('outcome') === null);
    await page.goBack();
    await line.waitFor();
  });

  it('has the only role with access to these pages', async () => {
    const { page, visit, signIn } = await newVisitor();
    await signIn('seller@orderflow.io');
    for (const path of ['/events', '/access', '/audit-log']) {
      await visit(path);
      await page.waitForURL((url) => url.pathname === '/to-ship');
    }
    expect(await page.getByRole('link', { name: 'Audit log' }).count()).toBe(0);
    const response = await page.request.get('/api/catalogue/permissions');
    expect(response.status()).toBe(403);
  });
});
