// The limits for the clients of a process: request rates, concurrent requests, timeouts, connections, origins.
import { z } from 'zod';
import { setting, wholeNumberSetting, type Config } from './config.ts';

const origin = z.url({ protocol: /^https?$/ }).refine((text) => new URL(text).origin === text);

export const guardSettings = {
  rateLimit: wholeNumberSetting('RATE_LIMIT_REQUESTS', {
    minimum: 1,
    maximum: 10_000_000,
    byDefault: 3_000,
    description:
      'Maximum number of requests that the subject of a token may send to one instance per window; further ones are answered 429.',
  }),
  rateLimitSeconds: wholeNumberSetting('RATE_LIMIT_WINDOW_SECONDS', {
    minimum: 1,
    maximum: 3_600,
    byDefault: 60,
    description: 'Length of the window of RATE_LIMIT_REQUESTS, in seconds.',
  }),
  maxInFlight: wholeNumberSetting('HTTP_MAX_IN_FLIGHT', {
    minimum: 1,
    maximum: 100_000,
    byDefault: 400,
    description:
      'Maximum number of requests under way, not counting streams and probes; further requests are answered 503, and the process is unready.',
  }),
  maxInFlightPerSubject: wholeNumberSetting('HTTP_MAX_IN_FLIGHT_PER_SUBJECT', {
    minimum: 1,
    maximum: 100_000,
    byDefault: 100,
    description: 'Maximum number of requests under way per subject; further requests are answered 429.',
  }),
  maxEventLoopDelayMs: wholeNumberSetting('HTTP_MAX_EVENT_LOOP_DELAY_MS', {
    minimum: 10,
    maximum: 60_000,
    byDefault: 1_000,
    description:
      'Maximum mean delay of the event loop over a second, in milliseconds; above it, requests are answered 503.',
  }),
  requestTimeoutMs: wholeNumberSetting('HTTP_REQUEST_TIMEOUT_MS', {
    minimum: 100,
    maximum: 600_000,
    byDefault: 15_000,
    description:
      'Milliseconds after which a request is answered 503, or 408 if its body has not arrived completely. Streams have no such limit.',
  }),
  headersTimeoutMs: wholeNumberSetting('HTTP_HEADERS_TIMEOUT_MS', {
    minimum: 100,
    maximum: 600_000,
    byDefault: 10_000,
    description:
      'Milliseconds within which the headers of a request must arrive; after that, the response is 408 and the connection is closed.',
  }),
  sendTimeoutMs: wholeNumberSetting('HTTP_SEND_TIMEOUT_MS', {
    minimum: 100,
    maximum: 600_000,
    byDefault: 30_000,
    description:
      'Milliseconds that a client may take to read a complete response; after that, its connection is closed.',
  }),
  maxConnections: wholeNumberSetting('HTTP_MAX_CONNECTIONS', {
    minimum: 1,
    maximum: 1_000_000,
    byDefault: 4_096,
    description:
      'Maximum number of open connections; further connections are closed. Without TLS, the client first gets the response 503.',
  }),
  corsOrigins: setting(
    'CORS_ORIGINS',
    'a comma-separated list of origins such as https://shop.example',
    z
      .string()
      .default('')
      .transform((text) =>
        text
          .split(',')
          .map((entry) => entry.trim())
          .filter((entry) => entry !== ''),
      )
      .pipe(z.array(origin)),
    { description: 'Origins whose pages may call the process from a browser.', whenUnset: 'none' },
  ),
} as const;
export type GuardConfig = Config<typeof guardSettings>;
