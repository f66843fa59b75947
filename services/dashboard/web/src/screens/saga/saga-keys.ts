// How the arrow keys move between the bars of the timeline. Pure.
import { formatDuration } from '../../parts/format.ts';
import { lanes, type Block, type Saga } from './saga-types.ts';

/** The blocks that open an event, in the order of time. */
export const barsOf = ({ blocks }: Pick<Saga, 'blocks'>): Block[] =>
  blocks.filter(({ eventId }) => eventId !== undefined);

const nearest = (bars: readonly Block[], time: number): Block | undefined =>
  bars.toSorted((one, other) => Math.abs(one.start - time) - Math.abs(other.start - time))[0];

/**
 * The bar that a key moves to: left and right along the lane, up and down to the nearest bar in time of the next lane that has
 * one, Home and End to the first and the last bar. Undefined for other keys and at the edge.
 */
export const barAfterKey = (bars: readonly Block[], from: Block, key: string): Block | undefined => {
  const inLane = bars.filter(({ lane }) => lane === from.lane);
  const inLaneAt = (step: number) => inLane[inLane.findIndex(({ id }) => id === from.id) + step];
  const inNextLane = (order: readonly string[]) => {
    const lane = order
      .slice(order.indexOf(from.lane) + 1)
      .find((name) => bars.some((bar) => bar.lane === name));
    return nearest(
      bars.filter((bar) => bar.lane === lane),
      from.start,
    );
  };
  switch (key) {
    case 'ArrowLeft':
      return inLaneAt(-1);
    case 'ArrowRight':
      return inLaneAt(1);
    case 'ArrowUp':
      return inNextLane(lanes.toReversed());
    case 'ArrowDown':
      return inNextLane(lanes);
    case 'Home':
      return bars[0];
    case 'End':
      return bars.at(-1);
    default:
      return undefined;
  }
};

/** The timeline as a sentence, and its keys, for screen readers. */
export const describeTimeline = ({ blocks, slowest }: Saga): string => {
  const ends = blocks.map(({ end }) => end);
  const took = formatDuration(Math.max(...ends) - Math.min(...blocks.map(({ start }) => start)));
  return [
    `${blocks.length} ${blocks.length === 1 ? 'step' : 'steps'} in ${took}.`,
    ...(slowest === undefined
      ? []
      : [`The slowest took ${formatDuration(slowest.to - slowest.from)}: ${slowest.label}.`]),
    'Arrow keys move along time and between the services, Enter opens an event, Escape closes it.',
  ].join(' ');
};
