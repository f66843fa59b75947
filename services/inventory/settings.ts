// The settings of the inventory service: main.ts reads them, services/SETTINGS.md lists them. Importing this starts nothing.
import { z } from 'zod';
import { setting, wholeNumberSetting } from '../platform/process/settings/config.ts';
import { serviceContradictions, serviceSettings } from '../platform/process/settings/service-settings.ts';

export const shape = {
  ...serviceSettings(3002),
  reservationTtlSeconds: wholeNumberSetting('RESERVATION_TTL_SECONDS', {
    minimum: 1,
    maximum: 7 * 24 * 3600,
    byDefault: 30 * 60,
    description: 'Seconds that stock is held for an order that is not paid yet; order must be told the same.',
  }),
  sweepSeconds: wholeNumberSetting('EXPIRY_SWEEP_SECONDS', {
    minimum: 1,
    maximum: 3600,
    byDefault: 60,
    description: 'Seconds between two looks for reservations that have ended.',
  }),
  seedDemoProducts: setting(
    'SEED_DEMO_PRODUCTS',
    'true or false',
    z
      .enum(['true', 'false'])
      .default('false')
      .transform((text) => text === 'true'),
    { description: 'Whether the demo products are put into the catalogue at start, where they are missing.' },
  ),
};

export const contradictions = serviceContradictions;
