// How long a service remembers: settings of the runs that delete what is older (database/retention.ts).
import { z } from 'zod';
import { setting, wholeNumberSetting, type Config } from './config.ts';

const days = (env: string, byDefault: number, about: string) =>
  wholeNumberSetting(env, { minimum: 1, maximum: 3_650, byDefault, about });

export const retentionSettings = {
  outboxRetentionDays: days(
    'OUTBOX_RETENTION_DAYS',
    7,
    'Days that a published event stays in the outbox; one that the slot has not read stays for longer.',
  ),
  inboxRetentionDays: days(
    'INBOX_RETENTION_DAYS',
    30,
    'Days that a handled event is recognised; more than OUTBOX_RETENTION_DAYS.',
  ),
  /** Of replayed and archived ones; parked ones stay until somebody settles them. */
  deadLetterRetentionDays: days(
    'DEAD_LETTER_RETENTION_DAYS',
    30,
    'Days that a settled dead letter is kept; a parked one stays until somebody settles it.',
  ),
  idempotencyKeyHours: wholeNumberSetting('IDEMPOTENCY_KEY_HOURS', {
    minimum: 1,
    maximum: 8_760,
    byDefault: 24,
    about: 'Hours that an Idempotency-Key is remembered with its answer.',
  }),
  retentionSeconds: wholeNumberSetting('RETENTION_SECONDS', {
    minimum: 1,
    maximum: 86_400,
    byDefault: 600,
    about: 'Seconds between two runs that delete what is older.',
  }),
  outboxSlot: setting(
    'OUTBOX_SLOT',
    'the name of the replication slot that the outbox is read from',
    z
      .string()
      .regex(/^[a-z0-9_]{1,63}$/)
      .optional(),
    {
      about: 'What this replication slot has not read yet is never deleted from the outbox.',
      otherwise: '`<service>_outbox_slot`',
    },
  ),
};
export type RetentionConfig = Config<typeof retentionSettings>;

/** What is wrong with settings that are each right: one sentence per contradiction. */
export const retentionProblems = ({
  inboxRetentionDays,
  outboxRetentionDays,
}: Pick<RetentionConfig, 'inboxRetentionDays' | 'outboxRetentionDays'>): string[] =>
  inboxRetentionDays > outboxRetentionDays
    ? []
    : [
        `INBOX_RETENTION_DAYS is ${inboxRetentionDays} and OUTBOX_RETENTION_DAYS is ${outboxRetentionDays}; the inbox must ` +
          'be kept for longer than the outbox, or an event that is published again would take effect twice.',
      ];
