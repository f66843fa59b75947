import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { parseConfig } from './settings/config.ts';
import { createFaults, faultSettings } from './faults.ts';
import { createLogger } from './logger.ts';

const logger = createLogger({ service: 'test', level: 'error', stream: new PassThrough() });
const once = { times: 1, delayMs: 0 };

describe('a fault', () => {
  it('takes effect only at its point, for its actor, and as often as it was armed', async () => {
    let crashes = 0;
    const faults = createFaults(logger, () => {
      crashes += 1;
    });
    faults.arm({ point: 'after-claim', action: 'crash', times: 2, delayMs: 0, actor: 'event:a' });
    await faults.reach('after-effects', 'event:a');
    await faults.reach('after-claim', 'event:b');
    expect(crashes).toBe(0);
    await faults.reach('after-claim', 'event:a');
    await faults.reach('after-claim', 'event:a');
    await faults.reach('after-claim', 'event:a');
    expect([crashes, faults.armed()]).toEqual([2, []]);
  });

  it('can repeat a record, and is removed by disarm', async () => {
    const faults = createFaults(logger, () => undefined);
    faults.arm({ ...once, point: 'before-handling', action: 'repeat' });
    expect(await faults.reach('before-handling', 'x')).toBe(true);
    expect(await faults.reach('before-handling', 'x')).toBe(false);
    faults.arm({ ...once, point: 'before-handling', action: 'repeat' });
    faults.disarm();
    expect(await faults.reach('before-handling', 'x')).toBe(false);
  });
});

describe('the settings', () => {
  it('disable faults by default', () => {
    expect(parseConfig(faultSettings, {})).toMatchObject({ ok: true, config: { chaosEnabled: false } });
  });
  it('refuse a short token', () => {
    expect(parseConfig(faultSettings, { CHAOS_ENABLED: '1', CHAOS_TOKEN: 'short' })).toMatchObject({
      ok: false,
    });
  });
});
