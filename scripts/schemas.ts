// npm run schemas
import { runCommand } from './operator/command-line.ts';
import { schemas } from './schemas/command.ts';

await runCommand(schemas);
