// npm run bench
import { bench } from './bench/command.ts';
import { runCommand } from './operator/command-line.ts';

await runCommand(bench);
