// An administrator in a real browser: the map of the system, the pipelines with a connector that is paused and resumed, and the
// invariants.
import { describe, expect, it, onTestFinished } from 'vitest';
import { browserPath, useBrowser } from '../support/browser.ts';
import { call, eventually } from '../support/shop.ts';

const { visitorAs } = useBrowser();

const administrator = () => visitorAs('admin@orderflow.io');

describe.skipIf(browserPath === undefined)('an administrator', { timeout: 120_000 }, () => {
  it('sees the whole system on one map, and goes from a part to its page', async () => {
    const { page, expectAccessible } = await administrator();
    await page.getByRole('heading', { name: 'Everything works' }).waitFor();
    const map = page.getByRole('group', { name: 'Map of the system' });
    for (const part of ['order-db', 'inventory-outbox', 'payment-events', 'schema registry'])
      await map.getByText(part, { exact: true }).waitFor();
    await page.getByText('PAID within 2 s').waitFor();
    await expectAccessible();
    await map.getByText('order-outbox', { exact: true }).click();
    await page.waitForURL('**/pipelines');
    await page.goBack();
    await page.waitForURL('**/map');
  });

  it('pauses a connector, sees it broken on every page without a reload, and resumes it', async () => {
    const { page, visit, expectAccessible } = await administrator();
    const watcher = await administrator();
    onTestFinished(async () => {
      await call('auditor', '/api/v1/connectors/payment/resume', { method: 'POST', as: 'admin' });
      await eventually('the payment pipeline flows', async () => {
        const { status } = await call('auditor', '/health/pipelines/payment');
        return status === 200;
      });
    });
    await visit('/pipelines');
    await page.getByRole('heading', { name: 'All pipelines flow' }).waitFor();
    await page.getByRole('img', { name: /^Round trip of the canaries through payment-outbox/ }).waitFor();
    await expectAccessible();
    await page.getByRole('button', { name: 'Pause payment-outbox' }).click();
    const dialog = page.getByRole('dialog', { name: 'Pause payment-outbox?' });
    await dialog.getByText(/until somebody resumes it/).waitFor();
    await dialog.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('heading', { name: 'One pipeline is broken' }).waitFor();
    const problems = page.getByRole('list', { name: 'Problems of payment-outbox' });
    await problems.getByText(/paused or stopped by somebody/).waitFor();
    await watcher.page.getByRole('heading', { name: 'payment-outbox is broken' }).waitFor();

    await page.getByRole('button', { name: 'Resume payment-outbox' }).click();
    const question = page.getByRole('dialog', { name: 'Resume payment-outbox?' });
    await question.getByRole('button', { name: 'Resume', exact: true }).click();
    await page.getByRole('heading', { name: 'All pipelines flow' }).waitFor();
    const log = await call('payment', '/api/v1/audit?action=connectors.pause&limit=1', { as: 'admin' });
    expect(log.body).toMatchObject({ data: [{ resource: 'payment-outbox', outcome: 'accepted' }] });
  });

  it('sees that every invariant holds, and what each means', async () => {
    const { page, visit, expectAccessible } = await administrator();
    await visit('/invariants');
    await page.getByText('an order is charged at most once').waitFor();
    await page.getByText(/^(No order is stuck|waits for)$/).waitFor();
    await expectAccessible();
  });
});
