// Releases the working version of an event: writes it to a file that never changes once it is in the base (usually origin/main).
// Refuses a version that is not compatible with every earlier version, because records of all versions are on the topics.
import { failure } from './failure.ts';
import { obstacleText, readingObstacles } from './review/compatibility.ts';
import type { Base } from './history.ts';
import {
  labelOf,
  readContract,
  releasesOfEvent,
  unreleased,
  writeRelease,
  type Contract,
  type Release,
} from './releases.ts';

interface ReleaseOptions {
  /** Replaces the last version, unless the base contains that version. */
  readonly amend: boolean;
  readonly base: Base | undefined;
}

/** The release that `--amend` replaces. */
const replacedRelease = (
  versions: readonly Release[],
  { amend, base }: ReleaseOptions,
): Release | undefined => {
  const last = versions.at(-1);
  if (!amend || last === undefined) return undefined;
  if (base === undefined)
    throw failure(
      'without a published branch to compare with, the command cannot tell whether the version is already published; name it with --base, or release a new version',
    );
  if (base.lock.some(({ id }) => id === last.id))
    throw failure(`${labelOf(last)} is released in ${base.name} and cannot change; release a new version`);
  return last;
};

/** Releases the named events, or all changed events. Checks all events before it writes any. */
export const releaseEvents = (
  contract: Contract,
  folder: string,
  events: readonly string[],
  options: ReleaseOptions,
): Release[] => {
  const [complaint] = contract.complaints;
  if (complaint !== undefined) throw failure(complaint);
  for (const event of events)
    if (!contract.workingSchemas.some(({ eventType }) => eventType === event))
      throw failure(`there is no schemas/${event}.avsc`);
  const pending = unreleased(contract).filter(
    ({ eventType }) => events.length === 0 || events.includes(eventType),
  );
  const planned = pending.map((schema) => {
    const versions = releasesOfEvent(contract.releases, schema.eventType);
    const replacing = replacedRelease(versions, options);
    for (const earlier of versions) {
      if (earlier === replacing) continue;
      const [backward] = readingObstacles(schema, earlier.schema);
      const [forward] = readingObstacles(earlier.schema, schema);
      const sentence = `${schema.eventType} cannot be released`;
      const help = '`npm run schemas -- report` shows the alternatives';
      if (backward !== undefined)
        throw failure(
          `${sentence}: it cannot read events of ${labelOf(earlier)} (${obstacleText(backward)}); ${help}`,
        );
      if (forward !== undefined)
        throw failure(
          `${sentence}: ${labelOf(earlier)} cannot read events of the new version (${obstacleText(forward)}); ${help}`,
        );
    }
    return { schema, replacing };
  });
  const written = planned.map(({ schema, replacing }) => writeRelease(folder, schema, replacing));
  const [problem] = readContract(folder).complaints;
  if (problem !== undefined) throw failure(problem);
  return written;
};
