// Runs one of the one-shot jobs of docker-compose.yml. Other deployments can use them too. Passwords come from the environment.
// Exit code 2: the job failed.
import { isFailure, messageOf } from '../schemas/tools/failure.ts';
import { provisionConnector } from './connectors/provision-connector.ts';
import { jobOf, runJob } from './stack/provision/jobs.ts';

try {
  const say = (sentence: string): void => {
    process.stdout.write(`${sentence}\n`);
  };
  for (const line of await runJob(jobOf(process.argv.slice(2)), process.env, provisionConnector, say))
    say(line);
} catch (error) {
  const message = messageOf(error);
  process.stderr.write(`${isFailure(error) ? message : `${process.argv[2] ?? ''}: ${message}`}\n`);
  process.exitCode = 2;
}
