// An administrator in a real browser: finds an order by one of its ids, sees its saga as a timeline and as a table, and opens an
// event.
import { describe, expect, it } from 'vitest';
import { browserPath, useBrowser } from '../support/browser.ts';
import { call, newProduct, orderOne, orderWith, place, query } from '../support/shop.ts';

const { newVisitor, visitorAs } = useBrowser();

const administrator = () => visitorAs('admin@orderflow.io');

describe.skipIf(browserPath === undefined)('an administrator', { timeout: 120_000 }, () => {
  it('finds an order by its id and sees its saga, with the duration of each step', async () => {
    const { page, visit, expectAccessible } = await administrator();
    const { id: productId } = await newProduct(5);
    const { id } = await orderOne(productId);
    await orderWith(id, 'PAID');
    await visit('/all-orders');
    await page.getByLabel('Find by order').fill(id);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/all-orders/${id}`);
    await page.getByRole('heading', { name: /^Paid after \d/ }).waitFor();
    const timeline = page.getByRole('region', { name: 'Timeline' });
    for (const lane of ['order: placed', 'inventory: stock reserved', 'payment: paid', 'order: PAID'])
      await timeline
        .getByRole('button', { name: new RegExp(`^${lane} \\d`) })
        .first()
        .waitFor();
    await timeline.getByText('charge succeeded').waitFor();
    await timeline.getByText('Slowest step').waitFor();
    expect(
      await timeline.getByText(/^\d.* (waiting (in|for) Kafka|at the payment provider)/).count(),
    ).toBeGreaterThan(1);
    await expectAccessible();

    // By keyboard: the timeline is one tab stop, arrow keys move between the blocks, and Enter opens the event that the block handled.
    const bar = (name: RegExp) => timeline.getByRole('button', { name });
    const focused = () => page.evaluate<unknown>('document.activeElement?.getAttribute("aria-label")');
    const expectFocus = (name: RegExp) => expect.poll(focused, { timeout: 20_000 }).toMatch(name);
    await bar(/^order: placed/).focus();
    await page.keyboard.press('ArrowDown');
    await expectFocus(/^inventory: stock reserved/);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('End');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Tab');
    // The order and payment services handle the last event within milliseconds of each other, so either bar can be the last.
    await expectFocus(/^(order: PAID|order: handled|payment: handled)/);
    // The test moves along the lane of inventory. In the lane of order the sequence of the bars is not fixed, because the order
    // service can handle the payment before the reservation.
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await expectFocus(/^inventory: reservation no longer expires \d/);
    await page.keyboard.press('ArrowLeft');
    await expectFocus(/^inventory: stock reserved \d/);
    await page.keyboard.press('Enter');
    const opened = page.getByRole('region', { name: 'order.created' });
    await opened.and(page.locator(':focus')).waitFor();
    await opened.getByText(/^order-events · partition \d+ · offset \d+$/).waitFor();
    expect(await opened.getByLabel('Decoded event').textContent()).toContain(productId);
    await expectAccessible();
    await page.keyboard.press('Escape');
    await opened.waitFor({ state: 'detached' });
    await expectFocus(/^inventory: stock reserved \d/);

    await page.getByText('Table', { exact: true }).click();
    const table = page.getByRole('table').first();
    await table.getByRole('button', { name: 'payment.succeeded' }).waitFor();
    await expectAccessible();
    await page.reload();
    await table.getByRole('button', { name: 'payment.succeeded' }).waitFor();
  });

  it('sees the saga change live, and what the saga is waiting for', async () => {
    const { page, visit } = await visitorAs('admin@orderflow.io', { width: 360, height: 800 });
    const { id: productId } = await newProduct(5);
    const { id } = await orderOne(productId, { mode: 'MANUAL' });
    await orderWith(id, 'CONFIRMED');
    await visit(`/all-orders/${id}`);
    await page.getByRole('heading', { name: 'Waiting for payment' }).waitFor();
    await page.getByText(/^The order waits for its payment until .*, when the reservation expires/).waitFor();
    const hidden = () =>
      page
        .getByRole('group', { name: 'Timeline of the saga' })
        .evaluate((frame) => frame.scrollWidth - frame.clientWidth - frame.scrollLeft);
    await expect.poll(hidden).toBeLessThan(2);
    const path = `/api/v1/orders/${id}/cancel`;
    expect((await call('order', path, { method: 'POST', body: {}, as: 'user' })).status).toBe(200);
    await page.getByRole('heading', { name: 'Cancelled: by the customer' }).waitFor();
    await page.getByRole('button', { name: /^inventory: stock released \d/ }).waitFor();
  });

  it('keeps filters in the URL, and sees that an id is unknown', async () => {
    const { page, visit, expectAccessible } = await administrator();
    const { id: productId } = await newProduct(1);
    const { id } = await place({ items: [{ productId, quantity: 2 }] });
    await orderWith(id, 'CANCELLED');
    await visit('/all-orders?status=CANCELLED&reason=reservation_failed');
    const link = page.getByRole('link', { name: `${id.slice(0, 8)}…${id.slice(-4)}` });
    await link.waitFor();
    await expectAccessible();
    await page.getByLabel('Placed on or before').fill('2026-01-01');
    await page.waitForURL('**&to=2026-01-01');
    await page.getByText('No order matches these filters.').waitFor();
    const today = await page.evaluate(() => new Date().toLocaleDateString('sv'));
    await page.getByLabel('Placed on or before').fill(today);
    await link.waitFor();
    await page.getByLabel('Find by order').fill('nobody-knows-me');
    await page.keyboard.press('Enter');
    await page.getByText(/^No order, event, customer or correlation has the id nobody-knows-me/).waitFor();
    await page.getByLabel('Find by order').fill('user-customer-001');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Customer: user-customer-001' }).waitFor();
    await link.waitFor();
    await visit('/all-orders/nobody-knows-me');
    await page
      .getByRole('alert')
      .getByText(/There is no order, event or correlation id/)
      .waitFor();
  });

  it('finds stuck orders, and sees what each order waits for', async () => {
    const { page, visit, expectAccessible } = await administrator();
    const { id: productId } = await newProduct(1);
    const { id } = await orderOne(productId, { mode: 'MANUAL' });
    await orderWith(id, 'CONFIRMED');
    await visit('/all-orders?stuck=60');
    await page.getByText(/^Stuck: the order is PENDING or CONFIRMED.* for 1 minute\./).waitFor();
    const link = page.getByRole('link', { name: `${id.slice(0, 8)}…${id.slice(-4)}` });
    expect(await link.count()).toBe(0);

    await query(
      'order',
      (sql) => sql`
        update orders set created_at = created_at - interval '3 minutes', updated_at = updated_at - interval '3 minutes',
                          reservation_expires_at = now() - interval '2 minutes'
        where id = ${id}`,
    );
    const row = page.getByRole('row').filter({ has: link });
    await row.getByText(/^release/).waitFor();
    await expectAccessible();
    await page.getByRole('combobox', { name: 'Stuck' }).click();
    await page.getByRole('option', { name: 'Stuck for 1 hour' }).click();
    await page.waitForURL('**/all-orders?stuck=3600');
    await row.waitFor({ state: 'detached' });
    await call('order', `/api/v1/orders/${id}/cancel`, { method: 'POST', body: {}, as: 'user' });
  });

  it('is the only role with access: a customer is redirected to the shop', async () => {
    const { page, visit, signIn } = await newVisitor();
    await signIn('user@orderflow.io');
    await visit('/all-orders');
    await page.waitForURL('**/shop');
    const response = await page.request.get('/api/auditor/stories/01a21926-50d5-7170-8971-7d0e8aaeabc7');
    expect(response.status()).toBe(403);
  });
});
