// npm run drill
import { drill } from './drill/command.ts';
import { runCommand } from './operator/command-line.ts';

await runCommand(drill);
