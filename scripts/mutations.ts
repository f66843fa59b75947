// npm run test:mutations
import { runCommand } from './operator/command-line.ts';
import { testMutations } from './quality/mutations.ts';

await runCommand(testMutations);
