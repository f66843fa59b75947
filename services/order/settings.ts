// The settings of the order service. main.ts reads them and services/SETTINGS.md lists them. Importing this file starts
// nothing.
import { z } from 'zod';
import { setting, wholeNumberSetting, type Config } from '../platform/process/settings/config.ts';
import { serviceContradictions, serviceSettings } from '../platform/process/settings/service-settings.ts';

export const shape = {
  ...serviceSettings(3001),
  deadlineSeconds: setting(
    'ORDER_DEADLINE_SECONDS',
    'a whole number of seconds, at most 9999999',
    z
      .string()
      .regex(/^\d{1,7}$/)
      .transform(Number)
      .optional(),
    {
      description:
        'Seconds after which an order that is not paid is cancelled. Must be more than RESERVATION_TTL_SECONDS.',
      whenUnset: '`RESERVATION_TTL_SECONDS` + 900',
    },
  ),
  // A setting of the inventory service. With a deadline below it, orders would be cancelled before their reservation expires.
  reservationTtlSeconds: wholeNumberSetting('RESERVATION_TTL_SECONDS', {
    minimum: 1,
    maximum: 7 * 24 * 3600,
    byDefault: 30 * 60,
    description: 'Must equal the value of the inventory service.',
  }),
  sweepSeconds: wholeNumberSetting('DEADLINE_SWEEP_SECONDS', {
    minimum: 1,
    maximum: 3_600,
    byDefault: 60,
    description: 'Seconds between two checks for orders past their deadline.',
  }),
  watchMs: wholeNumberSetting('ORDER_WATCH_MS', {
    minimum: 20,
    maximum: 10_000,
    byDefault: 200,
    description: 'Milliseconds between two queries for changes of the watched orders.',
  }),
  streamLimit: wholeNumberSetting('ORDER_STREAM_LIMIT', {
    minimum: 0,
    maximum: 10_000,
    byDefault: 1_000,
    description: 'Maximum number of open event streams of one instance; a further stream is answered 503.',
  }),
  streamsPerSubject: wholeNumberSetting('ORDER_STREAMS_PER_SUBJECT', {
    minimum: 1,
    maximum: 10_000,
    byDefault: 20,
    description:
      'Maximum number of open event streams per subject and instance; a further stream is answered 429. Requests with Prefer: wait have the same limit, counted separately; further requests are answered without waiting.',
  }),
  heartbeatSeconds: wholeNumberSetting('ORDER_STREAM_HEARTBEAT_SECONDS', {
    minimum: 1,
    maximum: 300,
    byDefault: 15,
    description: 'Seconds between two heartbeats on an idle event stream.',
  }),
  streamMinutes: wholeNumberSetting('ORDER_STREAM_MINUTES', {
    minimum: 1,
    maximum: 1_440,
    byDefault: 15,
    description: 'Minutes after which an event stream ends; its client reconnects and continues.',
  }),
  waitLimit: wholeNumberSetting('ORDER_WAIT_LIMIT', {
    minimum: 0,
    maximum: 10_000,
    byDefault: 200,
    description:
      'Maximum number of requests with Prefer: wait that wait at the same time in one instance; further requests are answered without waiting.',
  }),
  waitSeconds: wholeNumberSetting('ORDER_WAIT_SECONDS', {
    minimum: 0,
    maximum: 60,
    byDefault: 10,
    description: 'The longest wait that is granted, in seconds. Must be less than HTTP_REQUEST_TIMEOUT_MS.',
  }),
};

/** Time for events that are still in flight when a reservation expires. */
const graceSeconds = 15 * 60;

/** The deadline that applies: the setting, or its default. */
export const deadlineSecondsOf = ({
  deadlineSeconds,
  reservationTtlSeconds,
}: Pick<Config<typeof shape>, 'deadlineSeconds' | 'reservationTtlSeconds'>): number =>
  deadlineSeconds ?? reservationTtlSeconds + graceSeconds;

export const contradictions = (config: Config<typeof shape>): string[] => {
  const deadlineSeconds = deadlineSecondsOf(config);
  return [
    ...serviceContradictions(config),
    ...(config.waitSeconds * 1_000 < config.requestTimeoutMs
      ? []
      : [
          `ORDER_WAIT_SECONDS is ${config.waitSeconds}, which is ${config.waitSeconds * 1_000} ms; expected less than HTTP_REQUEST_TIMEOUT_MS, which is ${config.requestTimeoutMs}.`,
        ]),
    ...(deadlineSeconds > config.reservationTtlSeconds
      ? []
      : [
          `ORDER_DEADLINE_SECONDS is ${deadlineSeconds}; expected more than RESERVATION_TTL_SECONDS, which is ${config.reservationTtlSeconds}.`,
        ]),
  ];
};
