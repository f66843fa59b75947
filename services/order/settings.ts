// The settings of the order service: main.ts reads them, services/SETTINGS.md lists them. Importing this starts nothing.
import { z } from 'zod';
import { setting, wholeNumberSetting, type Config } from '../platform/config.ts';
import { serviceContradictions, serviceSettings } from '../platform/service-settings.ts';

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
      about:
        'Seconds after which an order that is still not paid for is cancelled; later than any reservation ends.',
      otherwise: '`RESERVATION_TTL_SECONDS` and 900 more',
    },
  ),
  // The inventory's setting; the deadline must be later, or it would end orders that still hold their stock.
  reservationTtlSeconds: wholeNumberSetting('RESERVATION_TTL_SECONDS', {
    minimum: 1,
    maximum: 7 * 24 * 3600,
    byDefault: 30 * 60,
    about: 'The same as at inventory.',
  }),
  sweepSeconds: wholeNumberSetting('DEADLINE_SWEEP_SECONDS', {
    minimum: 1,
    maximum: 3_600,
    byDefault: 60,
    about: 'Seconds between two looks for orders past their deadline.',
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
    ...(deadlineSeconds > config.reservationTtlSeconds
      ? []
      : [
          `ORDER_DEADLINE_SECONDS is ${deadlineSeconds}; expected more than RESERVATION_TTL_SECONDS, ${config.reservationTtlSeconds}.`,
        ]),
  ];
};
