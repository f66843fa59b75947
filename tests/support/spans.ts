// A trace collector for tests, at the address to which the services of the stack export their spans. The services do not sample
// traces themselves, so the collector receives only traces that a test starts with a sampled traceparent, and traces that are
// linked to such a trace.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { spansFromOtlp, type TraceSpan } from '../../scripts/journey/spans.ts';
import { eventually, stack } from './shop.ts';

export interface Collector {
  readonly spans: () => readonly TraceSpan[];
  /** The bodies of all exports, one per line. */
  readonly exported: () => string;
  /** Waits until at least `minSpans` spans of a trace have arrived and the parent of each, except of the root, is among them. */
  readonly trace: (traceId: string, minSpans: number) => Promise<readonly TraceSpan[]>;
  readonly close: () => Promise<void>;
}

export const startCollector = async (): Promise<Collector> => {
  const spans: TraceSpan[] = [];
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      bodies.push(body);
      spans.push(...spansFromOtlp(body));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(stack.otlpPort, '127.0.0.1', resolve);
  });
  return {
    spans: () => spans,
    exported: () => bodies.map((body) => `${JSON.stringify(body)}\n`).join(''),
    trace: (traceId, minSpans) =>
      eventually(`trace ${traceId} is complete`, async () => {
        const found = spans.filter((span) => span.traceId === traceId);
        const known = new Set(found.map(({ spanId }) => spanId));
        const orphans = found.filter(({ parentId = '' }) => !known.has(parentId));
        if (found.length < minSpans || orphans.length > 1)
          throw new Error(
            `${found.length} of at least ${minSpans} spans have arrived; spans whose parent is missing: ${orphans.map(({ name }) => name).join(', ')}`,
          );
        return found;
      }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

export interface TracedClient {
  readonly traceId: string;
  /** The span of the client. It is not exported, because the test is the client. */
  readonly spanId: string;
  readonly headers: { readonly traceparent: string };
}

/** Creates the traceparent of a client whose trace is sampled. */
export const newTracedClient = (): TracedClient => {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-01` } };
};
