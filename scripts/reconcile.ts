// npm run reconcile
import { runCommand } from './operator/command-line.ts';
import { reconcile } from './recover/reconcile.ts';

await runCommand(reconcile);
