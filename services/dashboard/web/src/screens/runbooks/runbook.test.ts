import { expect, it } from 'vitest';
import { idOf, runbookIn, titleAndText } from './runbook.ts';

it('a runbook has a title and a text', () => {
  expect(titleAndText('# A slot is lost\n\n1. Look.\n')).toEqual({
    title: 'A slot is lost',
    text: '1. Look.',
  });
});

it('a section is found by the id that links have', () => {
  expect(idOf('connector_paused')).toBe('connector_paused');
  expect(idOf('What to do, then?')).toBe('what-to-do-then');
});

it('links between runbooks are pages, other links are not', () => {
  expect(runbookIn('task-failed.md#why')).toEqual({ name: 'task-failed', section: 'why' });
  expect(runbookIn('../README.md')).toBeUndefined();
  expect(runbookIn('https://example.org/a.md')).toBeUndefined();
});
