// npm run images: builds the image of each process that docker-compose.yml has one of, and holds it against what an image may
// be. Exit code 0: all are built and good; 1: one is not good; 2: they could not be built.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { imageComplaints, type Image } from './image-rules.ts';
import { argumentsOf } from '../../operator/command-line.ts';
import { explain, failure } from '../../../schemas/tools/failure.ts';

const usage = 'usage: npm run images [-- --json]';
const root = join(import.meta.dirname, '..', '..', '..');
const askWithinMs = 60_000;
const buildWithinMs = 30 * 60_000;

const docker = (...args: readonly string[]): unknown =>
  JSON.parse(execFileSync('docker', args, { cwd: root, encoding: 'utf8', timeout: askWithinMs }));

const expectDocker = (): void => {
  const { status } = spawnSync('docker', ['compose', 'version'], { stdio: 'ignore', timeout: askWithinMs });
  const engine = spawnSync('docker', ['info'], { stdio: 'ignore', timeout: askWithinMs });
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

/** The images that are built here, as the file names them; several services may run the same. */
const namesOfImages = (): readonly string[] => {
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

const run = (): number => {
  const { values: flags } = argumentsOf(usage, { options: { json: { type: 'boolean', default: false } } });
  expectDocker();
  const names = namesOfImages();
  // What the engine says while it builds is for people; with --json it goes where people look, and not into the answer.
  const { status } = spawnSync('docker', ['compose', 'build'], {
    cwd: root,
    stdio: ['ignore', flags.json ? 2 : 1, 2],
    timeout: buildWithinMs,
  });
  if (status !== 0) throw failure('the images could not be built; what is wrong stands above');
  const images = names.map(inspect);
  const complaints = images.flatMap(imageComplaints);
  if (flags.json) process.stdout.write(`${JSON.stringify({ images, complaints }, null, 2)}\n`);
  else {
    for (const { name, bytes, user } of images)
      process.stdout.write(
        `${name.padEnd(22)} ${String(Math.ceil(bytes / 1e6)).padStart(4)} MB  runs as ${user}\n`,
      );
    process.stdout.write(complaints.length === 0 ? 'all are as they may be\n' : `${complaints.join('\n')}\n`);
  }
  return complaints.length === 0 ? 0 : 1;
};

try {
  process.exitCode = run();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 2;
}
