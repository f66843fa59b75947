// Finds the newest JDK in JAVA_HOME, on the PATH and in the usual places, and builds the command line of each JVM of the stack: an
// explicit heap, the collector and compiler that start fastest, and a class archive if there is one.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { failure } from '../../../schemas/tools/failure.ts';
import type { heaps } from '../topology.ts';
import { stackVariables } from '../variables.ts';
import type { Command } from '../supervise/part.ts';

/** The schema registry is compiled for this version of Java. */
const oldestJava = 21;

export interface Jdk {
  readonly home: string;
  readonly version: string;
  readonly major: number;
}

/** The version in a `release` file or in the output of `java -version`; older schemes such as 1.8.0 included. */
export const parseJavaVersion = (text: string): { version: string; major: number } | undefined => {
  const version = /(?:JAVA_VERSION=|version )"([^"]+)"/.exec(text)?.[1];
  if (version === undefined) return undefined;
  const [first, second] = version.split(/[.\-+_]/).map(Number);
  const major = first === 1 ? second : first;
  return major === undefined || Number.isNaN(major) ? undefined : { version, major };
};

const subdirectories = (parent: string, ...below: string[]): string[] => {
  try {
    return readdirSync(parent).map((name) => join(parent, name, ...below));
  } catch {
    return [];
  }
};

const onPath = (env: NodeJS.ProcessEnv): string[] =>
  (env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'java'))
    .filter((file) => existsSync(file))
    .map((file) => dirname(dirname(realpathSync(file))));

const usualPlaces = (): string[] => [
  ...subdirectories('/usr/lib/jvm'),
  ...subdirectories('/usr/java'),
  ...subdirectories('/opt'),
  ...subdirectories('/opt/java'),
  ...subdirectories(join(homedir(), '.sdkman', 'candidates', 'java')),
  ...subdirectories(join(homedir(), '.jdks')),
  ...subdirectories(join(homedir(), '.local', 'share', 'mise', 'installs', 'java')),
  ...subdirectories('/Library/Java/JavaVirtualMachines', 'Contents', 'Home'),
  ...subdirectories('/opt/homebrew/opt', 'libexec', 'openjdk.jdk', 'Contents', 'Home'),
  ...subdirectories('/usr/local/opt', 'libexec', 'openjdk.jdk', 'Contents', 'Home'),
];

const inspect = (home: string): Jdk | undefined => {
  const java = join(home, 'bin', 'java');
  if (!existsSync(java)) return undefined;
  const release = join(home, 'release');
  try {
    const released = existsSync(release) ? parseJavaVersion(readFileSync(release, 'utf8')) : undefined;
    if (released !== undefined) return { home, ...released };
    // `java -version` writes to its standard error.
    const output = execFileSync('/bin/sh', ['-c', '"$0" -version 2>&1', java], {
      encoding: 'utf8',
      timeout: 10_000,
    });
    const printed = parseJavaVersion(output);
    return printed === undefined ? undefined : { home, ...printed };
  } catch {
    return undefined;
  }
};

/** The JDK with the highest major version. Of several, the first is used, so JAVA_HOME and the PATH take precedence. */
export const newest = (jdks: readonly Jdk[]): Jdk | undefined =>
  jdks.reduce<Jdk | undefined>(
    (best, jdk) => (best === undefined || jdk.major > best.major ? jdk : best),
    undefined,
  );

/** Throws a failure that names the newest JDK found when none is new enough. `places` is for tests. */
export const findJdk = (
  env: NodeJS.ProcessEnv = process.env,
  places: readonly string[] = usualPlaces(),
): Jdk => {
  const homes = [env[stackVariables.java.env] ?? '', ...onPath(env), ...places].filter((home) => home !== '');
  const jdks = [...new Set(homes)].map(inspect).filter((jdk) => jdk !== undefined);
  const best = newest(jdks);
  if (best !== undefined && best.major >= oldestJava) return best;
  const found = best === undefined ? 'none was found' : `the newest found is ${best.version} in ${best.home}`;
  throw failure(
    `a JDK ${String(oldestJava)} or newer is needed (${found}); install one and set JAVA_HOME to it`,
  );
};

type Jvm = keyof typeof heaps;

/** The JDK and the artefacts. Only the run that makes the class archives sets `archiveTo`, the folder for them. */
export interface JavaRuntime {
  readonly jdk: Jdk;
  readonly artefacts: string;
  readonly archiveTo?: string;
}

interface JavaProgram {
  readonly jvm: Jvm;
  readonly heapMiB: number;
  readonly properties: Readonly<Record<string, string>>;
  /** `-cp … Main` or `-jar …`, then the arguments. */
  readonly main: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Use the optimising compiler (C2) too: hot loops run faster, but the JVM needs 100 MB more. */
  readonly optimise?: boolean;
  /** `<jar>=<options>` of a Java agent. Left out while classes are archived, because an agent prevents archiving. */
  readonly agent?: string;
  /** A short-lived command with the class path of the server. It reads the server's class archive, but never writes one. */
  readonly brief?: boolean;
}

/**
 * The folder for class archives. It is inside the artefact folder, because an archive is valid only for these jars and this JDK.
 */
export const archiveFolder = ({ artefacts, jdk }: JavaRuntime): string =>
  join(artefacts, `class-archives-${jdk.version}-${process.arch}`);

const archiveFlags = (runtime: JavaRuntime, program: JavaProgram): string[] => {
  const name = `${program.jvm}.jsa`;
  if (runtime.archiveTo !== undefined && program.brief !== true)
    return [
      `-XX:ArchiveClassesAtExit=${join(runtime.archiveTo, name)}`,
      '-Xlog:cds=off',
      '-Xlog:cds+dynamic=off',
    ];
  const archive = join(archiveFolder(runtime), name);
  if (!existsSync(archive)) return [];
  // With `auto`, the JVM ignores an archive that does not match its class path or version.
  return [`-XX:SharedArchiveFile=${archive}`, '-Xshare:auto', '-Xlog:cds=off', '-Xlog:cds+dynamic=off'];
};

export const javaCommand = (runtime: JavaRuntime, program: JavaProgram): Command => ({
  command: join(runtime.jdk.home, 'bin', 'java'),
  args: [
    `-Xmx${String(program.heapMiB)}m`,
    '-Xms32m',
    '-XX:+UseSerialGC',
    // Only the fast compiler (C1): for a stack on one machine, a fast start matters more than peak throughput.
    ...(program.optimise === true ? [] : ['-XX:TieredStopAtLevel=1']),
    '-XX:ReservedCodeCacheSize=64m',
    '-XX:MinHeapFreeRatio=10',
    '-XX:MaxHeapFreeRatio=30',
    '-Xss512k',
    '-XX:-UsePerfData',
    // A JVM that is out of memory exits, and the supervisor restarts it.
    '-XX:+ExitOnOutOfMemoryError',
    ...archiveFlags(runtime, program),
    ...(program.agent === undefined || runtime.archiveTo !== undefined
      ? []
      : [`-javaagent:${program.agent}`]),
    '-Djava.awt.headless=true',
    '-Djava.net.preferIPv4Stack=true',
    ...Object.entries(program.properties).map(([key, value]) => `-D${key}=${value}`),
    ...program.main,
  ],
  env: {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    // glibc does not return the memory of an allocator arena, and without this limit nearly every thread of a JVM has its own
    // arena.
    MALLOC_ARENA_MAX: '2',
    ...program.env,
  },
  cwd: program.cwd,
});
