// What the log says when spans cannot be exported.
import { describe, expect, it } from 'vitest';
import { exportTrouble } from './telemetry.ts';

describe('exportTrouble', () => {
  it('is the sentence of the error that the SDK writes down, without its stack', () => {
    const said = JSON.stringify({
      stack: 'Error: connect ECONNREFUSED 127.0.0.1:4318\n    at somewhere',
      message: 'connect "ECONNREFUSED" 127.0.0.1:4318',
      code: 'ECONNREFUSED',
    });
    expect(exportTrouble(said)).toBe('connect "ECONNREFUSED" 127.0.0.1:4318');
  });

  it('is the text itself when it is nothing else, and never long', () => {
    expect(exportTrouble('queue is full')).toBe('queue is full');
    expect(exportTrouble('x'.repeat(1_000))).toHaveLength(300);
  });
});
