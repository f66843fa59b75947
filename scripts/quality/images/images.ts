// npm run images: builds the images of docker-compose.yml and checks them. Exit code 0: all images are correct; 1: an
// image breaks a rule; 2: the images could not be built.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { imageComplaints, type Image } from './image-rules.ts';
import { commandLine, print, printJson, withExitCode } from '../../operator/command-line.ts';
import { failure } from '../../../schemas/tools/failure.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const queryWithinMs = 60_000;
const buildWithinMs = 30 * 60_000;

const docker = (...args: readonly string[]): unknown =>
  JSON.parse(execFileSync('docker', args, { cwd: root, encoding: 'utf8', timeout: queryWithinMs }));

const requireDocker = (): void => {
  const { status } = spawnSync('docker', ['compose', 'version'], { stdio: 'ignore', timeout: queryWithinMs });
  const engine = spawnSync('docker', ['info'], { stdio: 'ignore', timeout: queryWithinMs });
  if (status !== 0 || engine.status !== 0)
    throw failure('no Docker engine with Compose 2 answers; install both, or start the engine');
};

const composeSchema = z.object({
  services: z.record(z.string(), z.object({ image: z.string().optional(), build: z.unknown().optional() })),
});
const inspectSchema = z
  .array(
    z.object({
      Size: z.number(),
      Config: z.object({
        User: z.string(),
        Entrypoint: z.array(z.string()).nullable(),
        Labels: z.record(z.string(), z.string()).nullable(),
      }),
    }),
  )
  .min(1);

/** The names of the images that docker-compose.yml builds; several services can run the same image. */
const imageNames = (): readonly string[] => {
  const { services } = composeSchema.parse(docker('compose', 'config', '--format', 'json'));
  const built = Object.values(services).flatMap(({ image, build }) =>
    build === undefined || image === undefined ? [] : [image],
  );
  return [...new Set(built)].sort();
};

const inspect = (name: string): Image => {
  const [{ Size, Config } = { Size: 0, Config: { User: '', Entrypoint: null, Labels: null } }] =
    inspectSchema.parse(docker('image', 'inspect', name));
  return {
    name,
    bytes: Size,
    user: Config.User,
    entrypoint: Config.Entrypoint ?? [],
    labels: Config.Labels ?? {},
  };
};

const buildAndCheck = (json: boolean | undefined): number => {
  requireDocker();
  const names = imageNames();
  // With --json, the build output goes to stderr, so that stdout contains only the JSON.
  const { status } = spawnSync('docker', ['compose', 'build'], {
    cwd: root,
    stdio: ['ignore', json ? 2 : 1, 2],
    timeout: buildWithinMs,
  });
  if (status !== 0) throw failure('the images could not be built; see the output above');
  const built = names.map(inspect);
  const complaints = built.flatMap(imageComplaints);
  if (json) printJson({ images: built, complaints });
  else {
    for (const { name, bytes, user } of built)
      print(`${name.padEnd(22)} ${String(Math.ceil(bytes / 1e6)).padStart(4)} MB  runs as ${user}`);
    print(complaints.length === 0 ? 'all images are correct' : complaints.join('\n'));
  }
  return complaints.length === 0 ? 0 : 1;
};

export const images = commandLine(
  'npm run images',
  'Builds the images of docker-compose.yml and checks them.',
)
  .option('--json', 'print JSON; the output of the build goes to stderr')
  .action(withExitCode(({ json }) => buildAndCheck(json)));
