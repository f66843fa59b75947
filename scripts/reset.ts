// `npm run reset`: deletes the data folder of the embedded stack. Refuses while the stack runs: a database whose files are
// deleted runs on for a while and then fails with misleading errors.
import { existsSync, rmSync } from 'node:fs';
import { dataFolder } from './stack/data-folder.ts';
import { explain, failure } from '../schemas/tools/failure.ts';
import { isDataFolder, runningOn, stopLeftovers } from './stack/supervise/data-folder-lock.ts';

const folder = dataFolder();
try {
  const pid = runningOn(folder);
  if (pid !== undefined)
    throw failure(`OrderFlow is running on ${folder} (pid ${String(pid)}); stop it first`);
  if (!existsSync(folder)) {
    console.log(`nothing to reset: ${folder} does not exist`);
  } else {
    if (!isDataFolder(folder))
      throw failure(
        `${folder} is not a data folder of OrderFlow, so it was not deleted; delete it yourself if you mean to`,
      );
    await stopLeftovers(folder, (line) => {
      console.log(line);
    });
    rmSync(folder, { recursive: true, force: true });
    console.log(`deleted ${folder}; the next start creates it again`);
  }
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
