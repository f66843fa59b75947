// npm run audit
import { audit } from './doctor/audit.ts';
import { runCommand } from './operator/command-line.ts';

await runCommand(audit);
