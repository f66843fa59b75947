import { expect, it } from 'vitest';
import { idOf, runbookIn, titleAndText } from './runbook.ts';

it('splits the title from the text', () => {
  expect(titleAndText('# A slot is lost\n\n1. Look.\n')).toEqual({
    title: 'A slot is lost',
    text: '1. Look.',
  });
});

it('derives the same section ids as GitHub', () => {
  expect(idOf('connector_paused')).toBe('connector_paused');
  expect(idOf('What to do, then?')).toBe('what-to-do-then');
});

it('recognises links to other runbooks', () => {
  expect(runbookIn('task-failed.md#why')).toEqual({ name: 'task-failed', section: 'why' });
  expect(runbookIn('../README.md')).toBeUndefined();
  expect(runbookIn('https://example.org/a.md')).toBeUndefined();
});
