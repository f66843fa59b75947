// `npm run reset`: forgets everything the embedded stack has stored. Refuses while it runs, since a database whose files
// vanish under it goes on for a while and then fails in ways nobody can explain.
import { existsSync, rmSync } from 'node:fs';
import { dataFolder } from './stack/data-folder.ts';
import { explain, failure } from '../schemas/tools/failure.ts';
import { looksLikeOurs, runningOn, stopLeftovers } from './stack/supervise/data-folder-lock.ts';

const folder = dataFolder();
try {
  const pid = runningOn(folder);
  if (pid !== undefined)
    throw failure(`OrderFlow is running on ${folder} (pid ${String(pid)}); stop it first`);
  if (!existsSync(folder)) {
    console.log(`nothing to reset: ${folder} does not exist`);
  } else {
    if (!looksLikeOurs(folder))
      throw failure(
        `${folder} was not made by OrderFlow, so it is left alone; remove it yourself if you mean to`,
      );
    await stopLeftovers(folder, (line) => {
      console.log(line);
    });
    rmSync(folder, { recursive: true, force: true });
    console.log(`removed ${folder}; the next start begins afresh`);
  }
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
