// `npm run reset`: deletes the data folder of the embedded stack. Refuses while the stack runs: a database whose files are
// deleted runs on for a while and then fails with misleading errors.
import { existsSync, rmSync } from 'node:fs';
import { commandLine, print, runCommand } from './operator/command-line.ts';
import { dataFolder } from './stack/data-folder.ts';
import { failure } from '../schemas/tools/failure.ts';
import { isDataFolder, stopLeftovers } from './stack/supervise/data-folder-lock.ts';

const reset = async (): Promise<void> => {
  const folder = dataFolder();
  if (!existsSync(folder)) {
    print(`nothing to reset: ${folder} does not exist`);
  } else {
    if (!isDataFolder(folder))
      throw failure(
        `${folder} is not a data folder of OrderFlow, so it was not deleted; delete it yourself if you mean to`,
      );
    await stopLeftovers(folder, print);
    rmSync(folder, { recursive: true, force: true });
    print(`deleted ${folder}; the next start creates it again`);
  }
};

await runCommand(
  commandLine(
    'npm run reset',
    'Deletes the data of the stack in .orderflow/; refuses while the stack runs.',
  ).action(reset),
  1,
);
