// The layout of the timeline: maps times to x coordinates, and lanes and their rows to y coordinates. All sizes are pixels. Pure.
import { formatDuration } from '../../parts/format.ts';
import { lanes, type Block, type Hop, type Lane, type Saga } from './saga-types.ts';
import { timeScale, type Scale } from './time-scale.ts';

export const blockHeight = 26;
const rowHeight = 42;
const lanePadding = 10;
const laneGap = 34;
const axisHeight = 30;
const waitHeight = 24;
const minBlockWidth = 6;
/** Approximate widths of a lower-case and an upper-case letter in a label. */
const letterWidth = 6.9;
const capitalWidth = 9;
const labelGap = 6;
/** The space at the left end of the axis, in px. */
export const inset = 14;

export interface PlacedBlock extends Block {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

interface PlacedLane {
  readonly lane: Lane;
  readonly y: number;
  readonly height: number;
}

/** A labelled wait, drawn above the lanes. */
interface PlacedWait {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly text: string;
  /** Where the text begins: at the wait, or further left if it would not fit into the drawing. */
  readonly textX: number;
}

export interface Layout {
  readonly waits: readonly PlacedWait[];
  readonly scale: Scale;
  readonly width: number;
  readonly height: number;
  readonly lanes: readonly PlacedLane[];
  readonly blocks: ReadonlyMap<string, PlacedBlock>;
}

const labelWidth = ({ label }: Block): number => {
  const capitals = label.replaceAll(/[^A-Z]/g, '').length;
  return Math.max((label.length - capitals) * letterWidth + capitals * capitalWidth, 8 * letterWidth);
};

const timesOf = ({ blocks, hops, waits }: Saga): number[] => [
  ...waits.flatMap(({ from, to }) => [from, to]),
  ...blocks.flatMap(({ start, end }) => [start, end]),
  ...hops.flatMap(({ committedAt, publishedAt, receivedAt }) => [committedAt, publishedAt, receivedAt]),
];

interface Row {
  readonly row: number;
  readonly x: number;
  readonly width: number;
}

/** Puts each block into the first row of its lane in which neither the block nor its label overlaps another block or label. */
const rowsOf = (blocks: readonly Block[], scale: Scale): { rows: Map<string, Row>; count: number } => {
  const ends: number[] = [];
  const rows = new Map<string, Row>();
  for (const block of blocks) {
    const x = inset + scale.x(block.start);
    const width = Math.max(minBlockWidth, inset + scale.x(block.end) - x);
    const freeRow = ends.findIndex((end) => end <= x);
    const row = freeRow === -1 ? ends.length : freeRow;
    ends[row] = x + width + labelGap + labelWidth(block) + labelGap;
    rows.set(block.id, { row, x, width });
  }
  return { rows, count: Math.max(1, ends.length) };
};

const placeWaits = ({ waits }: Saga, scale: Scale, drawingWidth: number): PlacedWait[] => {
  const ends: number[] = [];
  return waits.map(({ from, to, label }) => {
    const x = inset + scale.x(from);
    const width = Math.max(2, inset + scale.x(to) - x);
    const text = `${formatDuration(to - from)} ${label}`;
    const textWidth = text.length * letterWidth;
    const textX = Math.max(inset, Math.min(x, drawingWidth - textWidth - labelGap));
    const freeRow = ends.findIndex((end) => end <= Math.min(x, textX));
    const row = freeRow === -1 ? ends.length : freeRow;
    ends[row] = Math.max(x + width, textX + textWidth) + labelGap;
    return { x, y: axisHeight + row * waitHeight, width, text, textX };
  });
};

/** `width` is the preferred width. The drawing gets wider if the preferred width is too narrow to be readable. */
export const layoutOf = (saga: Saga, width: number): Layout => {
  const lastLabel = Math.max(80, ...saga.blocks.slice(-3).map(labelWidth)) + 2 * labelGap;
  const scale = timeScale(timesOf(saga), Math.max(240, width - lastLabel - 2 * inset));
  const placed = new Map<string, PlacedBlock>();
  const placedLanes: PlacedLane[] = [];
  const waits = placeWaits(saga, scale, width);
  let y = Math.max(axisHeight, ...waits.map((wait) => wait.y + waitHeight + labelGap));
  for (const lane of lanes) {
    const blocks = saga.blocks.filter((block) => block.lane === lane);
    if (lane === 'provider' && blocks.length === 0) continue;
    const { rows, count } = rowsOf(blocks, scale);
    const height = count * rowHeight + 2 * lanePadding;
    placedLanes.push({ lane, y, height });
    for (const block of blocks) {
      const placement = rows.get(block.id);
      if (placement === undefined) continue;
      const top = y + lanePadding + placement.row * rowHeight + (rowHeight - blockHeight) / 2;
      placed.set(block.id, { ...block, x: placement.x, y: top, width: placement.width });
    }
    y += height + laneGap;
  }
  const rightEdges = [
    ...[...placed.values()].map((block) => block.x + block.width + labelGap + labelWidth(block)),
    ...waits.map(({ textX, text }) => textX + text.length * letterWidth),
  ];
  return {
    scale,
    width: Math.max(width, ...rightEdges.map((x) => x + labelGap)),
    height: y - laneGap + lanePadding,
    lanes: placedLanes,
    waits,
    blocks: placed,
  };
};

interface HopPaths {
  /** From the commit to Kafka. */
  readonly published: string;
  /** From Kafka to the consumer. */
  readonly consumed: string;
  readonly arrowHead: string;
}

/** The position of a line in the gap between two lanes, as a fraction of the gap. Lines to adjacent lanes and lines to distant lanes
 *  use different positions, so they do not overlap. */
const linePositions = { near: 0.22, far: 0.42 } as const;

/** The path of a hop: from the block of the producer into the gap next to its lane, along the gap to the time of publication and on
 *  to the consumer, then into the block of the consumer. Undefined if one of the two blocks is not drawn. */
export const pathsOf = (hop: Hop, { scale, blocks, lanes: drawn }: Layout): HopPaths | undefined => {
  const [from, to] = [blocks.get(hop.from), blocks.get(hop.to)];
  const ownLane = drawn.find(({ lane }) => lane === from?.lane);
  if (from === undefined || to === undefined || ownLane === undefined) return undefined;
  const down = to.y >= from.y ? 1 : -1;
  const isNear = Math.abs(lanes.indexOf(to.lane) - lanes.indexOf(from.lane)) <= 1;
  const offset = laneGap * linePositions[isNear ? 'near' : 'far'];
  const middle = down === 1 ? ownLane.y + ownLane.height + offset : ownLane.y - offset;
  const startY = from.y + blockHeight / 2 + (down * blockHeight) / 2;
  const endY = to.y + blockHeight / 2 - (down * blockHeight) / 2;
  const startX = Math.max(from.x + 2, Math.min(inset + scale.x(hop.committedAt), from.x + from.width) - 2);
  const kafkaX = inset + scale.x(hop.publishedAt);
  const endX = Math.min(to.x + 4, to.x + to.width / 2);
  const tip = endY - down * 2;
  const bend = middle + down * 8;
  return {
    published: `M${startX} ${startY}V${middle}H${kafkaX}`,
    consumed: `M${kafkaX} ${middle}H${Math.max(kafkaX, endX - 8)}Q${endX} ${middle} ${endX} ${bend}V${tip}`,
    arrowHead: `M${endX - 4} ${tip - down * 6}L${endX} ${tip}L${endX + 4} ${tip - down * 6}`,
  };
};
