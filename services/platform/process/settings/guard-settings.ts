// The limits for the clients of a process: request rates, concurrent requests, times, connections, origins.
import { z } from 'zod';
import { setting, wholeNumberSetting, type Config } from './config.ts';

const origin = z.url({ protocol: /^https?$/ }).refine((text) => new URL(text).origin === text);

export const guardSettings = {
  rateLimit: wholeNumberSetting('RATE_LIMIT_REQUESTS', {
    minimum: 1,
    maximum: 10_000_000,
    byDefault: 3_000,
    description:
      'Requests with a token that one subject may send in a window, per instance; more are answered 429.',
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
    description: 'Requests under way at once; more are answered 503, and readiness is red.',
  }),
  maxInFlightPerSubject: wholeNumberSetting('HTTP_MAX_IN_FLIGHT_PER_SUBJECT', {
    minimum: 1,
    maximum: 100_000,
    byDefault: 100,
    description: 'Requests that one subject may have under way at once; more are answered 429.',
  }),
  maxEventLoopDelayMs: wholeNumberSetting('HTTP_MAX_EVENT_LOOP_DELAY_MS', {
    minimum: 10,
    maximum: 60_000,
    byDefault: 1_000,
    description:
      'Milliseconds that the event loop may be behind, averaged over a second; beyond that, requests are answered 503.',
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
      'Milliseconds within which the headers of a request must arrive; then it is answered 408 and its connection closed.',
  }),
  sendTimeoutMs: wholeNumberSetting('HTTP_SEND_TIMEOUT_MS', {
    minimum: 100,
    maximum: 600_000,
    byDefault: 30_000,
    description:
      'Milliseconds that a client may take to read a complete response; then its connection is closed.',
  }),
  maxConnections: wholeNumberSetting('HTTP_MAX_CONNECTIONS', {
    minimum: 1,
    maximum: 1_000_000,
    byDefault: 4_096,
    description: 'Open connections; further ones are answered 503 and closed.',
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
    { description: 'Origins whose pages may call from a browser.', whenUnset: 'none' },
  ),
} as const;
export type GuardConfig = Config<typeof guardSettings>;
