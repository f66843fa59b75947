// npm run audit:dependencies
import { runCommand } from './operator/command-line.ts';
import { auditDependencies } from './quality/audit-dependencies.ts';

await runCommand(auditDependencies);
