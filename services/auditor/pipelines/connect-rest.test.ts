import { describe, expect, it } from 'vitest';
import { stateOf } from './connect-rest.ts';

const status = (connector: string, ...tasks: string[]) => ({
  name: 'order-outbox',
  connector: { state: connector, worker_id: 'w' },
  tasks: tasks.map((state, id) => ({ id, state, worker_id: 'w', trace: `${state} because\nof this` })),
});

describe('the state of a connector', () => {
  it.each([
    ['running', status('RUNNING', 'RUNNING')],
    ['failed', status('RUNNING', 'FAILED')],
    ['failed', status('FAILED')],
    ['idle', status('RUNNING', 'UNASSIGNED')],
    ['idle', status('UNASSIGNED', 'RUNNING')],
    ['idle', status('RUNNING', 'RESTARTING')],
    ['idle', status('RUNNING')],
    ['paused', status('PAUSED', 'PAUSED')],
    ['paused', status('STOPPED')],
    ['idle', {}],
  ])('is %s for %j', (kind, body) => {
    expect(stateOf(body).kind).toBe(kind);
  });

  it('has the first lines of the trace after a failure', () => {
    expect(stateOf(status('RUNNING', 'FAILED'))).toEqual({
      kind: 'failed',
      why: 'FAILED because\n    of this',
    });
  });
});
