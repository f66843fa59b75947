// Shows whether the data on the page is current.
import classes from './live-mark.module.css';
import { formatTime } from './format.ts';

export type LiveState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'stale'; readonly since: string };

const textOf = (state: LiveState): string => {
  switch (state.kind) {
    case 'connecting':
      return 'Connecting';
    case 'live':
      return 'Live';
    case 'ended':
      return 'Final';
    case 'stale':
      return `Reconnecting, not updated since ${formatTime(state.since)}`;
  }
};

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
  return isError ? { kind: 'stale', since: new Date(dataUpdatedAt).toISOString() } : { kind: 'live' };
};

export const LiveMark = ({ state }: { state: LiveState }) => (
  <span className={classes['live']} data-kind={state.kind} role="status">
    <i aria-hidden="true" />
    {textOf(state)}
  </span>
);
