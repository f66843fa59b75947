// The settings of the mock payment provider: main.ts reads them, services/SETTINGS.md lists them. Importing this starts nothing.
import { z } from 'zod';
import { setting, settings } from '../platform/config.ts';

export const shape = {
  host: settings.host,
  port: settings.port(3004),
  logLevel: settings.logLevel,
  publicUrl: settings.publicUrl,
  ledgerFile: setting('LEDGER_FILE', 'the path of the journal file', z.string(), {
    about: 'The journal of charges and refunds; made when it is not there.',
  }),
};
