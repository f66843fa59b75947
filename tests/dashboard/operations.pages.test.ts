// An administrator in a real browser: opens the system map, pauses and resumes a connector, finds configuration drift and a dropped
// slot, and reads the invariants.
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { browserPath, useBrowser } from '../support/browser.ts';
import { services } from '../../scripts/stack/topology.ts';
import { connectorUrl, runCommand } from '../support/commands.ts';
import { call, eventually, newProduct, orderOne, orderWith, query } from '../support/shop.ts';

const { visitorAs } = useBrowser();

const administrator = () => visitorAs('admin@orderflow.io');

const { slot } = services.payment.database;

/** Drops the slot of the payment outbox. The connector is stopped meanwhile, because an active slot cannot be dropped. */
const dropPaymentSlot = async (): Promise<void> => {
  await fetch(`${connectorUrl('payment')}/stop`, { method: 'PUT' });
  await eventually('the slot is dropped', async () => {
    try {
      await query('payment', (sql) => sql`select pg_drop_replication_slot(${slot})`);
      return true;
    } catch {
      return false;
    }
  });
  await fetch(`${connectorUrl('payment')}/resume`, { method: 'PUT' });
};

describe.skipIf(browserPath === undefined)('an administrator', { timeout: 120_000 }, () => {
  it('sees the whole system on one map, and opens the page of a component with a click', async () => {
    const { page, expectAccessible } = await administrator();
    await page.getByRole('heading', { name: 'All systems operational' }).waitFor();
    const map = page.getByRole('group', { name: 'System map' });
    for (const component of ['order-db', 'inventory-outbox', 'payment-events', 'schema registry'])
      await map.getByText(component, { exact: true }).waitFor();
    await page.getByText('PAID within 2 s').waitFor();
    await expectAccessible();
    await map.getByText('order-outbox', { exact: true }).click();
    await page.waitForURL('**/pipelines');
    await page.goBack();
    await page.waitForURL('**/map');
  });

  it('pauses a connector, sees the problem on another open page without a reload, and resumes the connector', async () => {
    const { page, visit, expectAccessible } = await administrator();
    const watcher = await administrator();
    onTestFinished(async () => {
      await call('auditor', '/api/v1/connectors/payment/resume', { method: 'POST', as: 'admin' });
      await eventually('the payment pipeline is healthy', async () => {
        const { status } = await call('auditor', '/health/pipelines/payment');
        return status === 200;
      });
    });
    await visit('/pipelines');
    await page.getByRole('heading', { name: 'All pipelines are healthy' }).waitFor();
    await page.getByRole('img', { name: /^Canary round trip through payment-outbox/ }).waitFor();
    const lag = page.getByRole('table', { name: 'Consumer lag' });
    await lag.getByRole('button', { name: 'Partitions of payment-events for order-service-group' }).focus();
    await page.keyboard.press('Enter');
    await lag.getByRole('row', { name: /^Partition 0 \d+ \S+ [\d,]+$/ }).waitFor();
    await expectAccessible();
    await page.getByRole('button', { name: 'Pause payment-outbox' }).click();
    const dialog = page.getByRole('dialog', { name: 'Pause payment-outbox?' });
    await dialog.getByText(/until somebody resumes the connector/).waitFor();
    await dialog.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('heading', { name: 'payment-outbox is paused' }).waitFor();
    const problems = page.getByRole('list', { name: 'Problems of payment-outbox' });
    await problems.getByText(/The connector is paused or stopped/).waitFor();
    await watcher.page.getByRole('heading', { name: 'payment-outbox is paused' }).waitFor();

    await page.getByRole('button', { name: 'Resume payment-outbox' }).click();
    const resumeDialog = page.getByRole('dialog', { name: 'Resume payment-outbox?' });
    await resumeDialog.getByRole('button', { name: 'Resume', exact: true }).click();
    await page.getByRole('heading', { name: 'All pipelines are healthy' }).waitFor();
    const history = page.getByRole('table', { name: 'History of problems' });
    await history
      .getByRole('row', { name: /payment-outbox connector paused .* resume by an administrator$/ })
      .first()
      .waitFor();
    await expectAccessible();
    const log = await call('payment', '/api/v1/audit?action=connectors.pause&limit=1', { as: 'admin' });
    expect(log.body).toMatchObject({ data: [{ resource: 'payment-outbox', outcome: 'accepted' }] });
  });

  it('sees the differences between a running connector and its file, without secrets, until the file is applied', async () => {
    const { page, visit, expectAccessible } = await administrator();
    const url = `${connectorUrl('inventory')}/config`;
    const config = z.record(z.string(), z.string()).parse(await (await fetch(url)).json());
    const changed = {
      ...config,
      'errors.tolerance': 'all',
      'poll.interval.ms': '50',
      'added.by.hand.token': 'hunter2',
    };
    await visit('/pipelines');
    await page.getByText('The running configuration matches connectors/inventory.json.').waitFor();
    await fetch(url, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(changed),
    });
    onTestFinished(async () => {
      await runCommand('connectors', ['apply', '--connector', 'inventory-outbox']);
    });
    const differences = page.getByRole('table', { name: 'Differences of inventory-outbox' });
    const file = config['poll.interval.ms'] ?? '';
    await differences
      .getByRole('row', { name: new RegExp(`^poll.interval.ms 50 ${file} restart`) })
      .waitFor();
    await differences.getByText('Back to the safe value').waitFor();
    await differences.getByText('(a secret in plain text)').waitFor();
    expect(await page.content()).not.toContain('hunter2');
    await expectAccessible();
    const drift = await runCommand('connectors', ['drift', '--connector', 'inventory-outbox']);
    for (const line of await differences.getByRole('row').locator('td:last-child').allInnerTexts())
      expect(drift.output).toContain(line.split('\n').at(-1));

    await runCommand('connectors', ['apply', '--connector', 'inventory-outbox']);
    await page.getByText('The running configuration matches connectors/inventory.json.').waitFor();
  });

  it('sees that a slot was dropped, how to recover, and that the recovery succeeded', async () => {
    const { page, visit, expectAccessible } = await administrator();
    await dropPaymentSlot();
    const { id: productId } = await newProduct(5);
    const { id } = await orderOne(productId);
    onTestFinished(async () => {
      await runCommand('recover', ['payment']);
    });

    await page.getByRole('heading', { name: 'payment-outbox is broken' }).waitFor();
    await page.getByText(`There is no replication slot ${slot}`).first().waitFor();
    await page.getByRole('button', { name: /^npm run recover -- payment/ }).waitFor();
    await page.getByText('Late orders').waitFor();
    await visit(`/all-orders/${id}`);
    await page.getByText('Events do not reach Kafka or will soon stop reaching it').waitFor();
    await page.getByRole('link', { name: 'What to do' }).click();
    await page.getByRole('button', { name: 'Restart payment-outbox', disabled: true }).waitFor();
    await expectAccessible();
    await page.getByRole('link', { name: 'see the slot lost runbook' }).first().click();
    await page.getByRole('heading', { name: 'A replication slot is invalidated or missing' }).waitFor();
    await expectAccessible();

    const { code, output } = await runCommand('recover', ['payment']);
    expect(code, output).toBe(0);
    await page.goBack();
    await page.getByRole('heading', { name: 'All pipelines are healthy' }).waitFor();
    await orderWith(id, 'PAID');
  });

  it('sees the description of an invariant and the list of stuck orders', async () => {
    const { page, visit, expectAccessible } = await administrator();
    await visit('/invariants');
    await page.getByText('no order has more than one charge that is not fully refunded').waitFor();
    await page.getByText(/^(No stuck orders|Waiting for)$/).waitFor();
    await expectAccessible();
  });
});
