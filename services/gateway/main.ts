// The mock payment provider. Like a real provider, it is a separate process with a separate ledger and an HTTP API. It shares only
// platform code with the services.
import { readConfig } from '../platform/process/settings/config.ts';
import { createHttpOptions } from '../platform/http/limits/guards.ts';
import { serverTls } from '../platform/process/settings/process-settings.ts';
import { createHealth } from '../platform/http/routes/health.ts';
import { serveApp } from '../platform/http/server/serve.ts';
import { createLifecycle } from '../platform/process/lifecycle.ts';
import { createLogger } from '../platform/process/logger.ts';
import { startTracing } from '../platform/telemetry/start-tracing.ts';
import { createGatewayApp } from './http/routes.ts';
import { openLedger } from './ledger.ts';
import { contradictions, shape } from './settings.ts';

const config = readConfig(shape, process.env, contradictions);

const logger = createLogger({ service: 'gateway', level: config.logLevel });
const lifecycle = createLifecycle({ logger });
await startTracing('gateway', config, lifecycle, logger);

const ledger = await openLedger(config.ledgerFile, (bytes) =>
  logger.warn('incomplete last line of the ledger dropped', { bytes }),
);
lifecycle.onStop('ledger', ledger.close);
// After a failed write, memory has entries that are not on disk, so the process exits and reads the journal again at its next
// start.
void ledger.failed.then((error) => {
  throw new Error('the ledger cannot be written', { cause: error });
});

const stopping = new AbortController();
const { httpOptions, checkLoad } = createHttpOptions(config);
const health = createHealth({ checks: { load: checkLoad, ledger: ledger.check } });
const app = createGatewayApp({
  logger,
  ledger,
  health,
  stopping: stopping.signal,
  publicUrl: config.publicUrl,
  httpOptions,
});
const server = await serveApp(app, { ...config, logger, tls: serverTls(config) });
lifecycle.onStop('http', () => server.close(), 12_000);
lifecycle.onStop('intake', () => {
  health.drain();
  stopping.abort();
});
