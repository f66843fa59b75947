// The stack of this test run. Files that use its services run one after the other, so a fault in one file does not affect another.
import { describe, inject } from 'vitest';
import { haveArtefacts } from '../../scripts/stack/parts/artefacts.ts';

export const stack = inject('stack');

/**
 * For tests that start parts of the embedded stack themselves. With a stack in containers the artefacts may be missing; the boot
 * has then printed that these tests are skipped.
 */
export const describeOwnParts = describe.runIf(haveArtefacts());
