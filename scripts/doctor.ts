// npm run doctor
import { doctor } from './doctor/command.ts';
import { runCommand } from './operator/command-line.ts';

await runCommand(doctor);
