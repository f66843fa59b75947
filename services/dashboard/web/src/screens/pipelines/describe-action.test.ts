import { expect, it } from 'vitest';
import { describeAction } from './describe-action.ts';

it('describes the last action, and counts the restarts by the watchdog if there were several', () => {
  const at = '2026-01-01T00:00:00Z';
  const restart = { at, by: 'watchdog', action: 'restart' } as const;
  expect(describeAction({ lastAction: null, restarts: 0 })).toBe('none recorded');
  expect(describeAction({ lastAction: restart, restarts: 1 })).toBe('restart by the watchdog');
  expect(describeAction({ lastAction: { at, by: 'administrator', action: 'resume' }, restarts: 3 })).toBe(
    'resume by an administrator (3 restarts by the watchdog)',
  );
});
