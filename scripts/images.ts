// npm run images
import { runCommand } from './operator/command-line.ts';
import { images } from './quality/images/images.ts';

await runCommand(images);
