// Shows whether the data on the page is current.
import classes from './live-mark.module.css';
import { isPolled } from '../api/live-paging.ts';
import { formatTime } from './format.ts';

export type LiveState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'ended' }
  /** Not polled, because many pages are loaded. */
  | { readonly kind: 'paused'; readonly since: string }
  | { readonly kind: 'stale'; readonly since: string };

const textOf = (state: LiveState): string => {
  switch (state.kind) {
    case 'connecting':
      return 'Connecting';
    case 'live':
      return 'Live';
    case 'ended':
      return 'Final';
    case 'paused':
      return `Not live, loaded at ${formatTime(state.since)}. Reload the page to update.`;
    case 'stale':
      return `Reconnecting, not updated since ${formatTime(state.since)}`;
  }
};

const hasPages = (data: unknown): data is { pages: readonly unknown[] } =>
  typeof data === 'object' && data !== null && 'pages' in data && Array.isArray(data.pages);

/** The state of a polled query. */
export const liveStateOf = ({
  data,
  isError,
  dataUpdatedAt,
}: {
  readonly data: unknown;
  readonly isError: boolean;
  readonly dataUpdatedAt: number;
}): LiveState => {
  if (data === undefined) return { kind: 'connecting' };
  const since = new Date(dataUpdatedAt).toISOString();
  if (isError) return { kind: 'stale', since };
  return hasPages(data) && !isPolled(data) ? { kind: 'paused', since } : { kind: 'live' };
};

export const LiveMark = ({ state }: { state: LiveState }) => (
  <span className={classes['live']} data-kind={state.kind} role="status">
    <i aria-hidden="true" />
    {textOf(state)}
  </span>
);
