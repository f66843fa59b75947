// A subscription that is restarted many times must not accumulate listeners.
import { getEventListeners } from 'node:events';
import { Writable } from 'node:stream';
import { expect, it, onTestFinished, vi } from 'vitest';
import { kafkaJsEventStream } from './kafkajs-event-stream.ts';
import { createLogger } from '../process/logger.ts';

it('after a hundred restarts no signal of a subscription has more than two abort listeners', async () => {
  const listened = vi.spyOn(EventTarget.prototype, 'addEventListener');
  onTestFinished(() => {
    listened.mockRestore();
  });
  const enough = Promise.withResolvers<undefined>();
  let restarts = 0;
  const stream = new Writable({
    write: (line: Buffer, _encoding, done) => {
      if (line.includes('the consumer could not start')) restarts += 1;
      if (restarts === 100) enough.resolve(undefined);
      done();
    },
  });
  const logger = createLogger({ service: 'test', level: 'warn', stream });
  // Without brokers every run fails immediately.
  const settings = { brokers: [], clientId: 'test', concurrency: 1, restartMs: 0 };
  const subscription = kafkaJsEventStream(settings, logger).subscribe({
    groupId: 'test',
    topics: ['test'],
    onRecord: () => Promise.resolve(undefined),
  });
  await enough.promise;
  // The health report names the last error.
  expect(subscription.problem()).toMatch(/^not a member of the consumer group: \w/);
  const signals = listened.mock.contexts.filter((target) => target instanceof AbortSignal);
  const most = Math.max(...signals.map((signal) => getEventListeners(signal, 'abort').length));
  // One listener of the subscription, one of the pause.
  expect(most).toBeLessThanOrEqual(2);
  expect(signals.length).toBeGreaterThan(0);
  await subscription.stop();
});
