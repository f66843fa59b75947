// A task that Connect believes to have no worker, as a rebalance gone wrong leaves it: Connect never looks again, so the
// stack does. The belief is put where Connect keeps it, in its status topic.
import { expect, it } from 'vitest';
import { services } from '../../scripts/stack/topology.ts';
import { expectInvariants } from '../support/invariants.ts';
import { kafka } from '../support/kafka-log.ts';
import { eventually, newProduct, orderWith, place, stack } from '../support/shop.ts';

const { connector } = services.order;
const status = async () => (await fetch(`${stack.urls.connect}/connectors/${connector}/status`)).json();
const taskState = async (): Promise<unknown> => Object(await status()).tasks[0]?.state;

it('a task that stays UNASSIGNED is started again, and events go on', { timeout: 150_000 }, async () => {
  const thing = await newProduct(1);
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  // Said by the worker itself, and later than whatever it has said so far.
  const { worker_id } = Object(await status()).connector;
  const value = { state: 'UNASSIGNED', trace: null, worker_id, generation: 1_000 };
  await producer.send({
    topic: '_connect-status',
    messages: [{ key: `status-task-${connector}-0`, value: JSON.stringify(value) }],
  });
  await producer.disconnect();
  await eventually('Connect believes it', async () => (await taskState()) === 'UNASSIGNED');

  await eventually('the task runs again', async () => (await taskState()) === 'RUNNING', 90_000);
  const { id } = await place({ items: [{ productId: thing.id, quantity: 1 }] });
  expect((await orderWith(id, 'PAID', 60_000)).status).toBe('PAID');
  await expectInvariants([id]);
});
