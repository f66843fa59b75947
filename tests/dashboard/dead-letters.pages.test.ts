// An administrator in a real browser: finds, reads, replays and archives dead letters.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { browserPath, useBrowser, type VisitorOptions } from '../support/browser.ts';
import { breakReservationsOf, repairReservations } from '../support/defect.ts';
import { eventually, newProduct, orderOne, orderWith, query, type ProductView } from '../support/shop.ts';

const { newVisitor, visitorAs } = useBrowser();

const fingerprint = 'Error|23514|order.created';
const causeAddress = `/failed?service=inventory&cause=${encodeURIComponent(fingerprint)}`;
/** A product whose reservations fail until `repairReservations` is called. */
let brokenProduct: ProductView;

/** Places an order whose order.created event cannot be handled, and waits for the dead letter of the event. */
const failedOrder = async (): Promise<{ readonly orderId: string; readonly letterId: string }> => {
  const { id: orderId } = await orderOne(brokenProduct.id);
  const letterId = await eventually('order.created is a dead letter', async () => {
    const [row] = await query(
      'inventory',
      (sql) => sql`select id from dead_letters where state = 'parked' and key = ${orderId}`,
    );
    return row === undefined ? undefined : String(row['id']);
  });
  return { orderId, letterId };
};

const admin = (options?: VisitorOptions) => visitorAs('admin@orderflow.io', options);

/** Publishes again the events of all dead letters that were not replayed, so that every order is PAID before the next test. */
const republishDeadLetters = async (): Promise<void> => {
  await repairReservations();
  const letters = await query(
    'inventory',
    (sql) => sql`delete from dead_letters returning event_id as "eventId", key, state`,
  );
  const unhandled = letters.filter(({ state }) => state !== 'replayed');
  if (unhandled.length === 0) return;
  const ids = unhandled.map(({ eventId }) => `'${String(eventId)}'`).join(',');
  // Debezium publishes only inserted rows, so each row is deleted and inserted again, with the same event id. The statements are
  // sent together, so they run in one transaction.
  await query('order', (sql) =>
    sql.unsafe(`
      create temporary table republished on commit drop as select * from outbox where id in (${ids});
      delete from outbox where id in (${ids});
      insert into outbox select * from republished`),
  );
  for (const { key } of unhandled) await orderWith(String(key), 'PAID');
};

beforeEach(async () => {
  brokenProduct = await newProduct(100);
  await breakReservationsOf(brokenProduct.id);
});
afterEach(republishDeadLetters);

describe.skipIf(browserPath === undefined)('dead letters', { timeout: 120_000 }, () => {
  it('are found by their cause, opened and replayed', async () => {
    const { orderId, letterId } = await failedOrder();
    const { page, visit, expectAccessible } = await admin();
    await visit('/failed');
    const causes = page.getByRole('list', { name: 'Causes' });
    await causes.getByText('1 open').waitFor();
    await expectAccessible();

    await causes.getByRole('link', { name: 'cannot handle order.created' }).click();
    const messages = page.getByRole('table', { name: 'Dead letters of the inventory service' });
    await messages.waitFor();
    await expectAccessible();
    await messages.getByRole('link').first().click();
    await page.waitForURL((url) => url.searchParams.get('letter') === letterId);
    await page.getByRole('region', { name: 'Event data' }).filter({ hasText: orderId }).waitFor();
    await page.getByRole('region', { name: 'Stack trace' }).filter({ hasText: 'broken' }).waitFor();
    await expectAccessible();

    await page.getByRole('link', { name: 'Open timeline' }).click();
    await page.getByRole('region', { name: 'order.created' }).waitFor();
    await page.goBack();

    // The defect is not repaired yet, so the replay fails, and the page shows the failure.
    await page.getByRole('button', { name: 'Replay', exact: true }).click();
    await page.getByRole('alert').getByText('Replay failed').first().waitFor();
    await repairReservations();
    await page.getByRole('button', { name: 'Replay', exact: true }).click();
    await page.getByText('Replayed. The service handled the event.').waitFor();
    await page.getByText('REPLAYED', { exact: true }).waitFor();
    await orderWith(orderId, 'PAID');

    await page.goBack();
    await page.getByText('No open dead letters with this cause').waitFor();
    await page.goBack();
    await page.getByText('No dead letters', { exact: true }).waitFor();
    await expectAccessible();
  });

  it('of one cause are replayed together, and those that fail again are listed', async () => {
    const letters = [await failedOrder(), await failedOrder(), await failedOrder()];
    const { page, visit, expectAccessible } = await admin();
    const replay = async (): Promise<void> => {
      await page.getByRole('button', { name: 'Replay 3', exact: true }).click();
      await page
        .getByRole('dialog', { name: 'Replay 3 dead letters?' })
        .getByText('cannot be undone')
        .waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Replay 3' }).click();
      await page.getByRole('heading', { name: 'Replay finished' }).waitFor();
    };
    await visit(causeAddress);
    await replay();
    const failures = page.getByRole('table', { name: 'Dead letters that failed again' });
    expect(await failures.getByRole('link').count()).toBe(3);
    await expectAccessible();

    await repairReservations();
    await replay();
    await page.getByText('All dead letters were handled.').waitFor();
    await page.getByText('No open dead letters with this cause').waitFor();
    for (const { orderId } of letters) await orderWith(orderId, 'PAID');
  });

  it('are archived with a reason, which the page shows', async () => {
    const { letterId } = await failedOrder();
    const { page, visit, expectAccessible } = await admin();
    await visit(`${causeAddress}&letter=${letterId}`);
    await page.getByRole('button', { name: 'Archive…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Archive this dead letter?' });
    expect(await dialog.getByRole('button', { name: 'Archive' }).isDisabled()).toBe(true);
    // HTML in the reason is shown as text.
    const reason = 'A <img src=x onerror="alert(1)"> test order';
    await dialog.getByLabel('Reason').fill(reason);
    await expectAccessible();
    await dialog.getByRole('button', { name: 'Archive' }).click();
    await page.getByText('ARCHIVED', { exact: true }).waitFor();
    await page.getByText(reason).waitFor();
    expect(await page.getByRole('button', { name: 'Replay', exact: true }).count()).toBe(0);
    await visit('/failed?state=archived');
    await page
      .getByRole('table', { name: 'Dead letters of the inventory service' })
      .getByText(reason)
      .waitFor();
    await expectAccessible();
  });

  it('of other services are shown while one service is down, and a message names that service', async () => {
    await failedOrder();
    const { page, visit, expectAccessible } = await admin({ width: 390 });
    await page.route('**/api/payment/dead-letters/**', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({ title: 'Unavailable', code: 'unavailable' }),
      }),
    );
    await visit('/failed');
    await page.getByRole('list', { name: 'Causes' }).getByText('1 open').waitFor();
    await page.getByRole('region', { name: 'The payment service' }).getByText('is not responding').waitFor();
    await expectAccessible();
  });

  it('are visible only to administrators', async () => {
    const { page, visit, signIn } = await newVisitor();
    await signIn('seller@orderflow.io');
    await visit(causeAddress);
    await page.waitForURL((url) => url.pathname === '/to-ship');
    expect(await page.getByRole('link', { name: 'Dead letters' }).count()).toBe(0);
  });
});
