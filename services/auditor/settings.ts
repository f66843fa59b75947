// The settings of the auditor: main.ts reads them, services/SETTINGS.md lists them. Importing this starts nothing.
import { settings, wholeNumberSetting } from '../platform/config.ts';

const databaseUrl = (env: string, service: string) => ({
  ...settings.databaseUrl,
  env,
  about: `The database of the ${service} service, with the role that can only read.`,
});
const seconds = (env: string, byDefault: number, about: string, maximum = 3_600) =>
  wholeNumberSetting(env, { minimum: 1, maximum, byDefault, about });

export const shape = {
  host: settings.host,
  port: settings.port(3005),
  logLevel: settings.logLevel,
  publicUrl: settings.publicUrl,
  orderDatabaseUrl: databaseUrl('ORDER_DATABASE_URL', 'order'),
  inventoryDatabaseUrl: databaseUrl('INVENTORY_DATABASE_URL', 'inventory'),
  paymentDatabaseUrl: databaseUrl('PAYMENT_DATABASE_URL', 'payment'),
  kafkaBrokers: settings.kafkaBrokers,
  gatewayUrl: settings.gatewayUrl,
  intervalSeconds: seconds('AUDIT_INTERVAL_SECONDS', 10, 'Seconds between two looks.'),
  graceSeconds: seconds(
    'AUDIT_GRACE_SECONDS',
    30,
    'Seconds that whatever is younger counts as in flight and not as broken.',
  ),
  deadlineSeconds: seconds(
    'AUDIT_DEADLINE_SECONDS',
    60,
    'Seconds that an order may wait for what must come next before it counts as stuck.',
    24 * 3_600,
  ),
  windowMinutes: wholeNumberSetting('AUDIT_WINDOW_MINUTES', {
    minimum: 1,
    maximum: 7 * 24 * 60,
    byDefault: 60,
    about: 'Minutes back to which outboxes, topics and inboxes are held against each other.',
  }),
};
