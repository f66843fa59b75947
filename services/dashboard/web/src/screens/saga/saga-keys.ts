// Keyboard navigation between the bars of the timeline. A bar is a block that opens an event. Pure.
import { formatDuration } from '../../parts/format.ts';
import { lanes, type Block, type Saga } from './saga-types.ts';

/** The blocks that open an event, sorted by time. */
export const barsOf = ({ blocks }: Pick<Saga, 'blocks'>): Block[] =>
  blocks.filter(({ eventId }) => eventId !== undefined);

const nearest = (bars: readonly Block[], time: number): Block | undefined =>
  bars.toSorted((a, b) => Math.abs(a.start - time) - Math.abs(b.start - time))[0];

/**
 * The bar that a key moves to. Left and right move along the lane. Up and down move to the next lane that has bars, to the bar that
 * is nearest in time. Home and End move to the first and the last bar. Undefined for other keys or if there is no bar to move to.
 */
export const barAfterKey = (bars: readonly Block[], current: Block, key: string): Block | undefined => {
  const inLane = bars.filter(({ lane }) => lane === current.lane);
  const barInLane = (step: number) => inLane[inLane.findIndex(({ id }) => id === current.id) + step];
  const barInNextLane = (laneSequence: readonly string[]) => {
    const lane = laneSequence
      .slice(laneSequence.indexOf(current.lane) + 1)
      .find((name) => bars.some((bar) => bar.lane === name));
    return nearest(
      bars.filter((bar) => bar.lane === lane),
      current.start,
    );
  };
  switch (key) {
    case 'ArrowLeft':
      return barInLane(-1);
    case 'ArrowRight':
      return barInLane(1);
    case 'ArrowUp':
      return barInNextLane(lanes.toReversed());
    case 'ArrowDown':
      return barInNextLane(lanes);
    case 'Home':
      return bars[0];
    case 'End':
      return bars.at(-1);
    default:
      return undefined;
  }
};

/** A description of the timeline and of its keys, for screen readers. */
export const describeTimeline = ({ blocks, slowest }: Saga): string => {
  // The slowest step can be a wait that has not ended yet. Such a wait lasts until now, so it ends after the last block.
  const ends = [...blocks.map(({ end }) => end), ...(slowest === undefined ? [] : [slowest.to])];
  const duration = formatDuration(Math.max(...ends) - Math.min(...blocks.map(({ start }) => start)));
  return [
    `${blocks.length} ${blocks.length === 1 ? 'step' : 'steps'} in ${duration}.`,
    ...(slowest === undefined
      ? []
      : [`The slowest took ${formatDuration(slowest.to - slowest.from)}: ${slowest.label}.`]),
    'Arrow keys left and right move along time, up and down between the services. Enter opens an event, Escape closes the event.',
  ].join(' ');
};
