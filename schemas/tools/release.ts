// Releasing: the working version of an event becomes a file that never changes again. Refused when it and any earlier version
// would not read each other, because records of all of them lie on the topics side by side.
import { failure } from './failure.ts';
import { readingObstacles, type Obstacle } from './review/compatibility.ts';
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
import type { EventSchema } from './generate-events.ts';

export interface ReleaseOptions {
  /** Replace the last version where the base does not have it. */
  readonly amend: boolean;
  readonly base: Base | undefined;
}

const at = ({ path, reason }: Obstacle): string => `${path === '' ? 'the event' : path}: ${reason}`;

const replaced = (
  schema: EventSchema,
  versions: readonly Release[],
  { amend, base }: ReleaseOptions,
): Release | undefined => {
  const last = versions.at(-1);
  if (!amend || last === undefined) return undefined;
  if (base === undefined)
    throw failure(
      'without git nobody can say whether somebody has that version already; release another one',
    );
  if (base.lock.some(({ id }) => id === last.id))
    throw failure(`${labelOf(last)} is released in ${base.name} and stays; release another version of it`);
  return last.event === schema.eventType ? last : undefined;
};

/** Releases the named events, or all that have changed. Throws a failure before anything is written. */
export const releaseEvents = (
  contract: Contract,
  folder: string,
  events: readonly string[],
  options: ReleaseOptions,
): Release[] => {
  const [complaint] = contract.complaints;
  if (complaint !== undefined) throw failure(complaint);
  for (const event of events)
    if (!contract.working.some(({ eventType }) => eventType === event))
      throw failure(`there is no schemas/${event}.avsc`);
  const pending = unreleased(contract).filter(
    ({ eventType }) => events.length === 0 || events.includes(eventType),
  );
  const planned = pending.map((schema) => {
    const versions = releasesOfEvent(contract.releases, schema.eventType);
    const replacing = replaced(schema, versions, options);
    for (const earlier of versions) {
      if (earlier === replacing) continue;
      const [backward] = readingObstacles(schema, earlier.schema);
      const [forward] = readingObstacles(earlier.schema, schema);
      const sentence = `${schema.eventType} cannot be released`;
      const help = '`npm run schemas -- report` says what to do instead';
      if (backward !== undefined)
        throw failure(
          `${sentence}: it cannot read what ${labelOf(earlier)} wrote (${at(backward)}); ${help}`,
        );
      if (forward !== undefined)
        throw failure(
          `${sentence}: ${labelOf(earlier)} cannot read what it writes (${at(forward)}); ${help}`,
        );
    }
    return { schema, replacing };
  });
  const written = planned.map(({ schema, replacing }) => writeRelease(folder, schema, replacing));
  const [wrong] = readContract(folder).complaints;
  if (wrong !== undefined) throw failure(wrong);
  return written;
};
