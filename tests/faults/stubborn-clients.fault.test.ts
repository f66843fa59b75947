// Clients that retry without limit, while the service is killed repeatedly at random times. Each client repeats a request with the
// same Idempotency-Key until the service responds, and then sends the request again. Each key must have one effect.
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectInvariants } from '../support/invariants.ts';
import {
  chargesOf,
  countOrdersOf,
  eventually,
  faultRounds,
  inParallel,
  orderOne,
  orderWith,
  part,
  pay,
  paymentWith,
  placeRaw,
  stack,
  tokenOf,
  useProduct,
  type Answer,
} from '../support/shop.ts';

const testProduct = useProduct(10_000);
beforeAll(() => Promise.all([tokenOf('user'), tokenOf('admin')]));

/** Kills the service repeatedly. Each kill happens at a random time after the service has become available again. */
const killRepeatedly = async (service: 'order' | 'payment', times: number): Promise<void> => {
  let killedPid: number | undefined;
  for (let round = 0; round < times; round += 1) {
    const pid = await eventually(
      `${service} is available`,
      async () => {
        const { ok } = await fetch(`${stack.urls[service]}/health/live`, {
          signal: AbortSignal.timeout(1_000),
        });
        const current = part(service).pid;
        return ok && current !== killedPid && current;
      },
      60_000,
    );
    await delay(randomInt(1_500));
    process.kill(pid, 'SIGKILL');
    killedPid = pid;
  }
};

/** Repeats a request until the response has one of the `statuses`. */
const sendUntilAnswered = (send: () => Promise<Answer>, ...statuses: readonly number[]): Promise<Answer> =>
  eventually(
    `the response has the status ${statuses.join(' or ')}`,
    async () => {
      const answer = await send();
      if (!statuses.includes(answer.status)) throw new Error(`answered ${answer.status}`);
      return answer;
    },
    90_000,
  );

const rounds = faultRounds > 1 ? 20 : 2;

describe('repeated kill -9 of the service', () => {
  it('leaves one order and one response per key', { timeout: 300_000 }, async () => {
    const before = await countOrdersOf(testProduct.id);
    const stopping = new AbortController();
    const placeWith = (key: string): Promise<Answer> =>
      sendUntilAnswered(
        () =>
          placeRaw({
            items: [{ productId: testProduct.id, quantity: 1 }],
            headers: { 'idempotency-key': key },
          }),
        201,
      );

    const repeatOneKey = async (): Promise<string[]> => {
      const key = randomUUID();
      const answers: string[] = [];
      do answers.push(JSON.stringify((await placeWith(key)).body));
      while (!stopping.signal.aborted);
      return answers;
    };
    /** Places orders with new keys, so that the kills interrupt transactions in every phase. */
    const useNewKeys = async (): Promise<string[]> => {
      const ids: string[] = [];
      do {
        const key = randomUUID();
        const [first, second] = [await placeWith(key), await placeWith(key)];
        expect(second.body).toEqual(first.body);
        ids.push(String(Object(first.body).id));
      } while (!stopping.signal.aborted);
      return ids;
    };
    const killing = killRepeatedly('order', rounds).finally(() => stopping.abort());
    const [answers, ...placed] = await Promise.all([
      repeatOneKey(),
      ...Array.from({ length: 4 }, useNewKeys),
      killing.then(() => []),
    ]);

    expect(new Set(answers).size).toBe(1);
    const ids = [String(Object(JSON.parse(answers[0] ?? '{}')).id), ...placed.flat()];
    expect(ids.length).toBeGreaterThan(rounds);
    expect(new Set(ids).size).toBe(ids.length);
    expect((await countOrdersOf(testProduct.id)) - before).toBe(ids.length);
    for (const id of ids) await orderWith(id, 'PAID', 120_000);
    await expectInvariants(ids);
  });

  it('leaves one charge and one response per key', { timeout: 300_000 }, async () => {
    const ids = await inParallel(12 * faultRounds, 4, async () => {
      const { id } = await orderOne(testProduct.id, { mode: 'MANUAL' });
      await orderWith(id, 'CONFIRMED', 60_000);
      return id;
    });
    const stopping = new AbortController();
    const payRepeatedly = async (id: string): Promise<string[]> => {
      const headers = { 'idempotency-key': randomUUID() };
      const answers: string[] = [];
      do {
        const { status, body } = await sendUntilAnswered(() => pay(id, { headers }), 202);
        answers.push(JSON.stringify([status, body]));
        await delay(randomInt(200));
      } while (!stopping.signal.aborted);
      return answers;
    };
    const killing = killRepeatedly('payment', rounds).finally(() => stopping.abort());
    const paying = ids.map(async (id) => {
      // The payments are spread over time, so that the kills interrupt charges in every phase.
      await delay(randomInt(8_000));
      return payRepeatedly(id);
    });
    const [, ...answers] = await Promise.all([killing.then(() => []), ...paying]);
    for (const ofOrder of answers) expect(new Set(ofOrder).size).toBe(1);
    for (const id of ids) {
      await paymentWith(id, 'SUCCEEDED');
      expect(await chargesOf(id)).toHaveLength(1);
      await orderWith(id, 'PAID', 60_000);
    }
    await expectInvariants(ids);
  });
});
