// npm run journey
import { journey } from './journey/command.ts';
import { runCommand } from './operator/command-line.ts';

await runCommand(journey);
