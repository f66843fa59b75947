// The stack of this test run. Files that use its services run one after the other, so a fault that one file injects is never
// felt in another.
import { describe, inject } from 'vitest';
import { haveArtefacts } from '../../scripts/stack/parts/artefacts.ts';

export const stack = inject('stack');

/**
 * For tests that start parts of the embedded stack themselves, whatever the stack beside them runs on. Where that is containers,
 * the artefacts may not be here; the boot has then said what is left out.
 */
export const describeOwnParts = describe.runIf(haveArtefacts());
