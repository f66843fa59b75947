// A task can stay UNASSIGNED in Connect, for example after a failed rebalance. Connect does not restart such a task, so the
// watchdog of the auditor does. The test simulates the state by writing it to the status topic of Connect.
import { expect, it } from 'vitest';
import { services } from '../../scripts/stack/topology.ts';
import { connectorUrl, taskOf } from '../support/commands.ts';
import { expectInvariants } from '../support/invariants.ts';
import { kafka } from '../support/kafka-log.ts';
import { eventually, newProduct, orderOne, orderWith } from '../support/shop.ts';

const { connector } = services.order;

it('a task that stays UNASSIGNED is restarted, and events flow again', { timeout: 150_000 }, async () => {
  const testProduct = await newProduct(1);
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  // The written status has the id of the worker, and a higher generation than the statuses that the worker writes.
  const status = await (await fetch(`${connectorUrl('order')}/status`)).json();
  const { worker_id } = Object(status).connector;
  const value = { state: 'UNASSIGNED', trace: null, worker_id, generation: 1_000 };
  await producer.send({
    topic: '_connect-status',
    messages: [{ key: `status-task-${connector}-0`, value: JSON.stringify(value) }],
  });
  await producer.disconnect();
  await eventually('Connect has the status', async () => (await taskOf('order'))?.state === 'UNASSIGNED');

  await eventually('the task runs again', async () => (await taskOf('order'))?.state === 'RUNNING', 90_000);
  const { id } = await orderOne(testProduct.id);
  expect((await orderWith(id, 'PAID', 60_000)).status).toBe('PAID');
  await expectInvariants([id]);
});
