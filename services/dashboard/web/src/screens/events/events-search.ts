// The URL parameters of the event catalogue: the event, and the two versions to compare.
import { textsIn } from '../../parts/search-texts.ts';

interface EventsSearch {
  readonly type?: string;
  readonly from?: number;
  readonly to?: number;
}

const versionIn = (value: unknown): number | undefined => {
  const version = Number(value);
  return Number.isSafeInteger(version) && version > 0 ? version : undefined;
};

export const toEventsSearch = (search: Readonly<Record<string, unknown>>): EventsSearch => {
  const [from, to] = [versionIn(search['from']), versionIn(search['to'])];
  return {
    ...textsIn(search, 'type'),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
};

/** The versions to compare: those in the URL if they exist, otherwise the last two. Undefined for fewer than two versions. */
export const comparedVersions = (
  versions: readonly number[],
  { from, to }: EventsSearch,
): { readonly from: number; readonly to: number } | undefined => {
  const [last, secondLast] = [versions.at(-1), versions.at(-2)];
  if (last === undefined || secondLast === undefined) return undefined;
  const isExisting = (version: number | undefined): version is number =>
    version !== undefined && versions.includes(version);
  return { from: isExisting(from) ? from : secondLast, to: isExisting(to) ? to : last };
};

/** Splits a text into plain passages and passages between backticks. */
export const splitCode = (text: string): { readonly text: string; readonly isCode: boolean }[] =>
  text
    .split('`')
    .map((passage, index) => ({ text: passage, isCode: index % 2 === 1 }))
    .filter(({ text: passage }) => passage !== '');
