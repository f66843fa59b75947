// How long a service keeps rows; database/retention.ts deletes older rows.
import { z } from 'zod';
import { setting, wholeNumberSetting, type Config } from './config.ts';

const days = (env: string, byDefault: number, description: string) =>
  wholeNumberSetting(env, { minimum: 1, maximum: 3_650, byDefault, description });

export const retentionSettings = {
  outboxRetentionDays: days(
    'OUTBOX_RETENTION_DAYS',
    7,
    'Days that a published event stays in the outbox. An event that the slot has not read yet stays longer.',
  ),
  inboxRetentionDays: days(
    'INBOX_RETENTION_DAYS',
    30,
    'Days for which a handled event is recognised as a duplicate. Must be more than OUTBOX_RETENTION_DAYS.',
  ),
  deadLetterRetentionDays: days(
    'DEAD_LETTER_RETENTION_DAYS',
    30,
    'Days that a replayed or archived dead letter is kept. Parked dead letters are not deleted.',
  ),
  idempotencyKeyHours: wholeNumberSetting('IDEMPOTENCY_KEY_HOURS', {
    minimum: 1,
    maximum: 8_760,
    byDefault: 24,
    description: 'Hours that an Idempotency-Key is kept with its response.',
  }),
  retentionSeconds: wholeNumberSetting('RETENTION_SECONDS', {
    minimum: 1,
    maximum: 86_400,
    byDefault: 600,
    description: 'Seconds between two runs that delete expired rows.',
  }),
  outboxSlot: setting(
    'OUTBOX_SLOT',
    'the name of the replication slot that the outbox is read from',
    z
      .string()
      .regex(/^[a-z0-9_]{1,63}$/)
      .optional(),
    {
      description: 'Events that this replication slot has not read are never deleted from the outbox.',
      whenUnset: '`<service>_outbox_slot`',
    },
  ),
};
export type RetentionConfig = Config<typeof retentionSettings>;

/** One sentence per contradiction between settings that are valid by themselves. */
export const retentionProblems = ({
  inboxRetentionDays,
  outboxRetentionDays,
}: Pick<RetentionConfig, 'inboxRetentionDays' | 'outboxRetentionDays'>): string[] =>
  inboxRetentionDays > outboxRetentionDays
    ? []
    : [
        `INBOX_RETENTION_DAYS is ${inboxRetentionDays} and OUTBOX_RETENTION_DAYS is ${outboxRetentionDays}; the inbox must ` +
          'be kept longer than the outbox, or an event that is published again would take effect twice.',
      ];
