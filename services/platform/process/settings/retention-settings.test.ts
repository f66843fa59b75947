import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configurationExitCode, parseConfig } from './config.ts';
import { retentionProblems, retentionSettings } from './retention-settings.ts';

describe('the retention settings', () => {
  it('have defaults that do not contradict each other', () => {
    const result = parseConfig(retentionSettings, {});
    expect(result).toMatchObject({
      ok: true,
      config: {
        outboxRetentionDays: 7,
        inboxRetentionDays: 30,
        deadLetterRetentionDays: 30,
        idempotencyKeyHours: 24,
      },
    });
    expect(result.ok && retentionProblems(result.config)).toEqual([]);
  });

  it.each(['0', '-1', '1.5', 'a week'])('are whole days of at least one, not %s', (value) => {
    for (const name of ['OUTBOX_RETENTION_DAYS', 'INBOX_RETENTION_DAYS', 'DEAD_LETTER_RETENTION_DAYS'])
      expect(parseConfig(retentionSettings, { [name]: value }).ok).toBe(false);
  });

  it('keep the inbox for longer than the outbox', () => {
    expect(retentionProblems({ inboxRetentionDays: 8, outboxRetentionDays: 7 })).toEqual([]);
    for (const inboxRetentionDays of [7, 6])
      expect(retentionProblems({ inboxRetentionDays, outboxRetentionDays: 7 })).toEqual([
        expect.stringContaining(
          `INBOX_RETENTION_DAYS is ${inboxRetentionDays} and OUTBOX_RETENTION_DAYS is 7;`,
        ),
      ]);
  });

  it('prevent the start of a service when they contradict each other', async () => {
    const env = {
      PATH: process.env['PATH'],
      PORT: '0',
      DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c',
      KAFKA_BROKERS: '127.0.0.1:1',
      SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
      OIDC_ISSUER: 'http://127.0.0.1:1',
      OUTBOX_RETENTION_DAYS: '30',
    };
    const main = join(import.meta.dirname, '..', '..', '..', 'order', 'main.ts');
    const ended = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, [main], { env, timeout: 50_000 }, (error, _stdout, stderr) => {
        resolve({ code: error?.code, stderr });
      });
    });
    expect(ended).toEqual({
      code: configurationExitCode,
      stderr: expect.stringMatching(/^Cannot start:\n {2}INBOX_RETENTION_DAYS is 30 and [^\n]*\n$/),
    });
  }, 60_000);
});
