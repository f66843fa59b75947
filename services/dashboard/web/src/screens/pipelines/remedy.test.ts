import { expect, it } from 'vitest';
import { partsOfRemedy } from './remedy.ts';

it('splits a remedy into commands, runbooks and text', () => {
  expect(partsOfRemedy('npm run recover -- payment, see connectors/runbooks/slot-lost.md')).toEqual([
    { kind: 'command', text: 'npm run recover -- payment' },
    { kind: 'text', text: ', ' },
    { kind: 'runbook', name: 'slot-lost', section: undefined },
  ]);
  expect(partsOfRemedy('npm run connectors -- plan --connector order-outbox, then apply')).toEqual([
    { kind: 'command', text: 'npm run connectors -- plan --connector order-outbox' },
    { kind: 'text', text: ', then apply' },
  ]);
  expect(partsOfRemedy('connectors/runbooks/alerts.md#connector_paused')).toEqual([
    { kind: 'runbook', name: 'alerts', section: 'connector_paused' },
  ]);
  expect(
    partsOfRemedy(
      'If it runs, its heartbeat does not: npm run doctor. Otherwise npm run connectors -- status.',
    ),
  ).toEqual([
    { kind: 'text', text: 'If it runs, its heartbeat does not: ' },
    { kind: 'command', text: 'npm run doctor' },
    { kind: 'text', text: '. Otherwise ' },
    { kind: 'command', text: 'npm run connectors -- status' },
    { kind: 'text', text: '.' },
  ]);
});
