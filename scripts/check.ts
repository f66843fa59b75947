// npm run check
import { runCommand } from './operator/command-line.ts';
import { check } from './quality/check.ts';

await runCommand(check);
