// The one-shot jobs of docker-compose.yml, and of whoever runs the parts in another way: each brings one kind of thing to the
// described state and ends. Passwords come from the environment. Exit code 2 with a sentence when it could not.
import { isFailure, messageOf } from '../schemas/tools/failure.ts';
import { provisionConnector } from './connectors/provision-connector.ts';
import { jobOf, runJob } from './stack/provision/jobs.ts';

try {
  for (const line of await runJob(jobOf(process.argv.slice(2)), process.env, provisionConnector))
    process.stdout.write(`${line}\n`);
} catch (error) {
  const trouble = messageOf(error);
  process.stderr.write(`${isFailure(error) ? trouble : `${process.argv[2] ?? ''}: ${trouble}`}\n`);
  process.exitCode = 2;
}
