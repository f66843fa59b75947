// npm run connectors
import { connectors } from './connectors/command.ts';
import { runCommand } from './operator/command-line.ts';

await runCommand(connectors);
