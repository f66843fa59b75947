// npm run recover
import { runCommand } from './operator/command-line.ts';
import { recover } from './recover/command.ts';

await runCommand(recover);
