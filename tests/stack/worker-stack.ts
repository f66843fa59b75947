// The stack of this test run. The test files that use its services run one after the other, so a fault that one file causes does not
// affect another file.
import { describe, inject } from 'vitest';
import { haveArtefacts } from '../../scripts/stack/parts/artefacts.ts';

export const stack = inject('stack');

/**
 * `describe` for tests that start parts of the embedded stack themselves. The tests are skipped if the Java artefacts of these parts
 * are missing, which is possible with a stack in containers. The boot of the stack has then printed a message.
 */
export const describeOwnParts = describe.runIf(haveArtefacts());
