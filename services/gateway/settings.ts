// The settings of the mock payment provider. main.ts reads them and services/SETTINGS.md lists them. Importing this file starts
// nothing.
import { z } from 'zod';
import { setting } from '../platform/process/settings/config.ts';
import { telemetrySettings } from '../platform/process/settings/telemetry-settings.ts';
import { processProblems, processSettings } from '../platform/process/settings/process-settings.ts';

export const shape = {
  ...processSettings(3004),
  ...telemetrySettings,
  ledgerFile: setting('LEDGER_FILE', 'the path of the journal file', z.string(), {
    description: 'The journal of charges and refunds; it is created if it does not exist.',
  }),
};

export const contradictions = processProblems;
