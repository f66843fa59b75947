// The settings of the inventory service. main.ts reads them and services/SETTINGS.md lists them. Importing this file starts
// nothing.
import { z } from 'zod';
import { setting, wholeNumberSetting } from '../platform/process/settings/config.ts';
import { serviceContradictions, serviceSettings } from '../platform/process/settings/service-settings.ts';

export const shape = {
  ...serviceSettings(3002),
  reservationTtlSeconds: wholeNumberSetting('RESERVATION_TTL_SECONDS', {
    minimum: 1,
    maximum: 7 * 24 * 3600,
    byDefault: 30 * 60,
    description:
      'Seconds that stock is reserved for an unpaid order. The order service needs the same value.',
  }),
  sweepSeconds: wholeNumberSetting('EXPIRY_SWEEP_SECONDS', {
    minimum: 1,
    maximum: 3600,
    byDefault: 60,
    description: 'Seconds between two checks for reservations that are due to expire.',
  }),
  seedDemoProducts: setting(
    'SEED_DEMO_PRODUCTS',
    'true or false',
    z
      .enum(['true', 'false'])
      .default('false')
      .transform((text) => text === 'true'),
    { description: 'Whether missing demo products are created at the start.' },
  ),
};

export const contradictions = serviceContradictions;
