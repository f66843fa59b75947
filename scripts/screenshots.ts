// npm run screenshots
import { runCommand } from './operator/command-line.ts';
import { screenshots } from './quality/screenshots.ts';

await runCommand(screenshots, 1);
