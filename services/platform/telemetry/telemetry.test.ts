import { describe, expect, it } from 'vitest';
import { exportErrorMessage } from './telemetry.ts';

describe('exportErrorMessage', () => {
  it('is the message of the error that the SDK logs, without its stack', () => {
    const logged = JSON.stringify({
      stack: 'Error: connect ECONNREFUSED 127.0.0.1:4318\n    at somewhere',
      message: 'connect "ECONNREFUSED" 127.0.0.1:4318',
      code: 'ECONNREFUSED',
    });
    expect(exportErrorMessage(logged)).toBe('connect "ECONNREFUSED" 127.0.0.1:4318');
  });

  it('is the text itself when it is not JSON, at most 300 characters', () => {
    expect(exportErrorMessage('queue is full')).toBe('queue is full');
    expect(exportErrorMessage('x'.repeat(1_000))).toHaveLength(300);
  });
});
