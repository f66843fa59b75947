// Many concurrent clients place, read, list and cancel orders; each client sends its next request when it has the previous answer.
// The rate depends on the machine. The run fails when a request is refused or gets no answer, an invariant is violated afterwards
// or an order is stuck. The memory of the services is only reported.
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { failure } from '../../schemas/tools/failure.ts';
import { openAuditorView } from '../operator/auditor-view.ts';
import { serviceNames } from '../stack/topology.ts';
import { callOver } from './client.ts';
import { summarise, type Latency } from './latency.ts';
import { readMemory } from './processes.ts';
import { runningSystem } from './system.ts';
import { newProduct, signIn, urls, withId } from './shop.ts';

export interface HttpLoad {
  readonly clients: number;
  readonly seconds: number;
}

interface Memory {
  readonly part: string;
  /** MiB resident. */
  readonly before: number;
  readonly halfway: number;
  readonly end: number;
  readonly most: number;
}

interface HttpReport {
  readonly requestsPerSecond: number;
  readonly calls: readonly Latency[];
  /** Answers by status; `none` for a connection that broke or an answer that did not come. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly memory: readonly Memory[];
  /** Violated invariants that the auditor finds after the load. */
  readonly violations: readonly string[];
  readonly stuck: number;
}

/** Puts the order service under load. All clients share two users, so the stack needs a high RATE_LIMIT_REQUESTS. */
export const benchHttp = async ({ clients, seconds }: HttpLoad): Promise<HttpReport> => {
  const [seller, ...customers] = await Promise.all(
    ['seller@orderflow.io', 'user@orderflow.io', 'user2@orderflow.io'].map((email) => signIn(email)),
  );
  if (seller === undefined) throw failure('nobody signed in');
  const productId = await newProduct(seller, 1_000_000);
  // The order service learns of the product by an event.
  await delay(2_000);

  const system = runningSystem();
  const latencies = new Map<string, number[]>();
  const statuses: Record<string, number> = {};
  const until = performance.now() + seconds * 1_000;
  const isOver = (): boolean => performance.now() >= until;

  const client = async (index: number): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const token = customers[index % customers.length] ?? '';
    const timed = async (name: string, method: string, path: string, body?: unknown) => {
      const began = performance.now();
      const answer = await callOver(agent, `${urls.order}${path}`, token, method, body);
      const key = answer === undefined ? 'none' : String(answer.status);
      statuses[key] = (statuses[key] ?? 0) + 1;
      const durations = latencies.get(name) ?? [];
      latencies.set(name, durations);
      durations.push(performance.now() - began);
      return answer;
    };
    while (!isOver()) {
      const items = [{ productId, quantity: 1 }];
      // With manual payment, the order stays unpaid, so it can be cancelled at any time.
      const payment = { mode: 'MANUAL', method: 'card' };
      const placed = await timed('place', 'POST', '/api/v1/orders', { items, payment });
      if (placed?.status !== 201) {
        await delay(100);
        continue;
      }
      const { id } = withId.parse(JSON.parse(placed.body));
      await timed('read', 'GET', `/api/v1/orders/${id}`);
      await timed('list', 'GET', '/api/v1/orders?limit=20');
      await timed('cancel', 'POST', `/api/v1/orders/${id}/cancel`);
    }
    agent.destroy();
  };

  const samples: Record<string, number>[] = [readMemory(system)];
  const sample = async (): Promise<void> => {
    while (!isOver()) {
      await delay(1_000);
      samples.push(readMemory(system));
    }
  };
  await Promise.all([sample(), ...Array.from({ length: clients }, (_, index) => client(index))]);

  const view = await openAuditorView(process.env, 30_000);
  try {
    // Waits until no order is in flight; the invariants are judged only then.
    let report = await view.checkTwice();
    for (let tries = 0; report.inFlight.length > 0 && tries < 120; tries += 1) {
      await delay(1_000);
      report = await view.checkTwice();
    }
    if (report.inFlight.length > 0)
      throw failure(`${report.inFlight.length} findings are still in flight; run npm run audit later`);
    samples.push(readMemory(system));
    const all = [...latencies].map(([name, durations]) => summarise(name, durations));
    return {
      requestsPerSecond: Math.round(all.reduce((sum, call) => sum + call.samples, 0) / seconds),
      calls: all,
      statuses,
      memory: serviceNames.map((part) => {
        const sizes = samples.map((of) => of[part] ?? NaN);
        const at = (index: number): number => sizes.at(index) ?? NaN;
        return {
          part,
          before: at(0),
          halfway: at(Math.floor(sizes.length / 2)),
          end: at(-1),
          most: Math.max(...sizes),
        };
      }),
      violations: report.violations.map(({ sentence }) => sentence),
      stuck: report.stuck.length,
    };
  } finally {
    await view.close();
  }
};
