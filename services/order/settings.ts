// The settings of the order service: main.ts reads them, services/SETTINGS.md lists them. Importing this starts nothing.
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
        'Seconds after which an order that is still not paid for is cancelled; later than any reservation ends.',
      otherwise: '`RESERVATION_TTL_SECONDS` and 900 more',
    },
  ),
  // The inventory's setting; the deadline must be later, or it would end orders that still hold their stock.
  reservationTtlSeconds: wholeNumberSetting('RESERVATION_TTL_SECONDS', {
    minimum: 1,
    maximum: 7 * 24 * 3600,
    byDefault: 30 * 60,
    description: 'The same as at inventory.',
  }),
  sweepSeconds: wholeNumberSetting('DEADLINE_SWEEP_SECONDS', {
    minimum: 1,
    maximum: 3_600,
    byDefault: 60,
    description: 'Seconds between two looks for orders past their deadline.',
  }),
  watchMs: wholeNumberSetting('ORDER_WATCH_MS', {
    minimum: 20,
    maximum: 10_000,
    byDefault: 200,
    description: 'Milliseconds between two looks at the orders that somebody watches.',
  }),
  streamLimit: wholeNumberSetting('ORDER_STREAM_LIMIT', {
    minimum: 0,
    maximum: 10_000,
    byDefault: 1_000,
    description: 'Event streams open at once; beyond it 503.',
  }),
  streamsPerSubject: wholeNumberSetting('ORDER_STREAMS_PER_SUBJECT', {
    minimum: 1,
    maximum: 10_000,
    byDefault: 20,
    description: 'Event streams, and waits counted apart, that one subject may have open; beyond it 429.',
  }),
  heartbeatSeconds: wholeNumberSetting('ORDER_STREAM_HEARTBEAT_SECONDS', {
    minimum: 1,
    maximum: 300,
    byDefault: 15,
    description: 'Seconds between two signs of life of a stream on which nothing happens.',
  }),
  streamMinutes: wholeNumberSetting('ORDER_STREAM_MINUTES', {
    minimum: 1,
    maximum: 1_440,
    byDefault: 15,
    description: 'Minutes after which a stream ends and its client comes back for the rest.',
  }),
  waitLimit: wholeNumberSetting('ORDER_WAIT_LIMIT', {
    minimum: 0,
    maximum: 10_000,
    byDefault: 200,
    description: 'Requests with Prefer: wait that wait at once; beyond it they are answered without waiting.',
  }),
  waitSeconds: wholeNumberSetting('ORDER_WAIT_SECONDS', {
    minimum: 0,
    maximum: 60,
    byDefault: 10,
    description: 'The longest wait that is granted; shorter than HTTP_REQUEST_TIMEOUT_MS.',
  }),
};

/** For whatever is under way when a reservation ends. */
const graceSeconds = 15 * 60;

/** The deadline that goes, said or not. */
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
          `ORDER_WAIT_SECONDS is ${config.waitSeconds}; expected less than HTTP_REQUEST_TIMEOUT_MS, ${config.requestTimeoutMs}.`,
        ]),
    ...(deadlineSeconds > config.reservationTtlSeconds
      ? []
      : [
          `ORDER_DEADLINE_SECONDS is ${deadlineSeconds}; expected more than RESERVATION_TTL_SECONDS, ${config.reservationTtlSeconds}.`,
        ]),
  ];
};
