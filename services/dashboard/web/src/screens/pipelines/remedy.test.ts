import { expect, it } from 'vitest';
import { splitRemedy } from './remedy.ts';

it('splits a remedy into commands, references to runbooks and plain text', () => {
  expect(splitRemedy('npm run recover -- payment, see connectors/runbooks/slot-lost.md')).toEqual([
    { kind: 'command', text: 'npm run recover -- payment' },
    { kind: 'text', text: ', ' },
    { kind: 'runbook', name: 'slot-lost', section: undefined },
  ]);
  expect(splitRemedy('npm run connectors -- plan --connector order-outbox, then apply')).toEqual([
    { kind: 'command', text: 'npm run connectors -- plan --connector order-outbox' },
    { kind: 'text', text: ', then apply' },
  ]);
  expect(splitRemedy('connectors/runbooks/alerts.md#connector_paused')).toEqual([
    { kind: 'runbook', name: 'alerts', section: 'connector_paused' },
  ]);
  expect(
    splitRemedy(
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
