// npm run alerts
import { runCommand } from './operator/command-line.ts';
import { alerts } from './quality/alerts.ts';

await runCommand(alerts);
