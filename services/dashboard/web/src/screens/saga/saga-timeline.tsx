// The timeline of a saga: a lane per service and one for the provider, a block per transaction and per provider call. An event is
// an orange line from the commit of its transaction to Kafka, and a dashed line from Kafka to the consumer. A click on a line, or on
// a block with an event, opens the event. The timeline is a single tab stop; the arrow keys move between the blocks with an event.
import { ActionIcon, Tooltip, VisuallyHidden } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { Minus, Plus } from 'lucide-react';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import { Card } from '../../parts/card.tsx';
import { formatDuration } from '../../parts/format.ts';
import { barAfterKey, barsOf, describeTimeline } from './saga-keys.ts';
import { blockHeight, inset, layoutOf, pathsOf, type Layout, type PlacedBlock } from './saga-layout.ts';
import type { Hop, Saga } from './saga-types.ts';
import classes from './saga-timeline.module.css';

const barId = (blockId: string): string => `bar-${blockId}`;

interface Selection {
  readonly selected: string | undefined;
  /** Opens the event. With `byKeyboard`, the focus moves to the event. */
  readonly select: (eventId: string, byKeyboard: boolean) => void;
}

const durationOf = ({ start, end }: PlacedBlock): string => formatDuration(end - start);

interface BlockProps extends Selection {
  readonly block: PlacedBlock;
  readonly sagaStart: number;
  /** Whether the Tab key reaches this block. It reaches exactly one of the blocks with an event. */
  readonly isTabStop: boolean;
  readonly onFocus: () => void;
}

const BlockShape = ({ block, sagaStart, isTabStop, onFocus, selected, select }: BlockProps) => {
  const { id, x, y, width, label, lane, kind, eventId, start } = block;
  const button =
    eventId === undefined
      ? {}
      : {
          id: barId(id),
          role: 'button',
          tabIndex: isTabStop ? 0 : -1,
          'aria-expanded': eventId === selected,
          'aria-label': `${lane}: ${label} ${durationOf(block)}, ${formatDuration(start - sagaStart)} after the start`,
          onFocus,
          // Assistive technology triggers clicks without a pointer; their `detail` is 0.
          onClick: ({ detail }: React.MouseEvent) => {
            select(eventId, detail === 0);
          },
          onKeyDown: (event: React.KeyboardEvent) => {
            if (event.key !== 'Enter' && event.key !== ' ') return;
            event.preventDefault();
            select(eventId, true);
          },
        };
  return (
    <g className={classes['block']} data-lane={lane} data-kind={kind} {...button}>
      <rect x={x} y={y} width={width} height={blockHeight} rx={Math.min(5, width / 2)} />
      {kind === 'failed' && <path d={`M${x + width / 2} ${y + 6}l6 12h-12z`} className={classes['mark']} />}
      <text x={x + width + 6} y={y + 11} className={classes['label']}>
        {`${label} `}
      </text>
      <text x={x + width + 6} y={y + 24} className={classes['duration']}>
        {durationOf(block)}
      </text>
    </g>
  );
};

const HopShape = ({ hop, layout, selected, select }: { hop: Hop; layout: Layout } & Selection) => {
  const paths = pathsOf(hop, layout);
  if (paths === undefined) return null;
  const outbox = formatDuration(hop.publishedAt - hop.committedAt);
  const kafka = formatDuration(hop.receivedAt - hop.publishedAt);
  return (
    <g
      className={classes['hop']}
      data-compensation={hop.isCompensation}
      data-selected={hop.eventId === selected}
      onClick={() => {
        select(hop.eventId, false);
      }}
    >
      <title>{`${hop.eventType}: ${outbox} from the outbox to Kafka, ${kafka} until it was consumed`}</title>
      <path d={paths.published} className={classes['clickArea']} />
      <path d={paths.consumed} className={classes['clickArea']} />
      <path d={paths.published} className={classes['published']} />
      <path d={paths.consumed} className={classes['consumed']} />
      <path d={paths.arrowHead} className={classes['head']} />
    </g>
  );
};

/** The lines between a provider call and its transactions. */
const Links = ({ saga, layout }: { saga: Saga; layout: Layout }) =>
  saga.links.map(({ id, from, to }) => {
    const [source, target] = [layout.blocks.get(from), layout.blocks.get(to)];
    if (source === undefined || target === undefined) return null;
    const down = target.y > source.y;
    const [startX, endX] = down
      ? [Math.min(target.x + 3, source.x + source.width - 2), target.x + 3]
      : [source.x + source.width - 3, Math.max(target.x + 3, source.x + source.width - 3)];
    const [startY, endY] = down ? [source.y + blockHeight, target.y] : [source.y, target.y + blockHeight];
    return <path key={id} d={`M${startX} ${startY}L${endX} ${endY}`} className={classes['link']} />;
  });

/** The least distance between two labels of the axis, in pixels. */
const labelSpacing = 75;

const tickLabel = (ms: number): string => (ms === 0 ? '0 ms' : `+${formatDuration(ms)}`);

/** Ticks after a long pause can round to the same label; only the first of them is labelled. */
const Axis = ({ layout: { scale, height } }: { layout: Layout }) => (
  <g aria-hidden="true">
    {scale.ticks.map(({ x, ms }, index) => {
      const label = tickLabel(ms);
      const isRepeated = label === tickLabel(scale.ticks[index - 1]?.ms ?? -1);
      const isFree = scale.breaks.every((pause) => Math.abs(pause.x - x) > labelSpacing);
      return (
        <g key={ms}>
          <path d={`M${x + inset} 26V${height}`} className={classes['tick']} />
          {isFree && !isRepeated && (
            <text x={x + inset} y={16} textAnchor={x < 20 ? 'start' : 'middle'} className={classes['time']}>
              {label}
            </text>
          )}
        </g>
      );
    })}
    {scale.breaks.map(({ x, ms }) => (
      <g key={x}>
        <rect x={x + inset - 20} y={26} width={40} height={height - 26} className={classes['pause']} />
        {scale.breaks.every((other) => other.ms <= ms || Math.abs(other.x - x) > labelSpacing) && (
          <text x={x + inset} y={16} textAnchor="middle" className={classes['pauseLabel']}>
            {formatDuration(ms)}
          </text>
        )}
      </g>
    ))}
  </g>
);

const Waits = ({ layout }: { layout: Layout }) => (
  <g>
    {layout.waits.map(({ x, y, width, text, textX }) => (
      <g key={`${x}/${y}`}>
        <path
          d={`M${x} ${y + 2}v6M${x} ${y + 5}h${width}M${x + width} ${y + 2}v6`}
          className={classes['wait']}
        />
        <text x={textX} y={y + 20} className={classes['waitLabel']}>
          {text}
        </text>
      </g>
    ))}
  </g>
);

const Legend = () => (
  <span className={classes['legend']}>
    <span data-part="block">transaction</span>
    <span data-part="published">outbox → Kafka</span>
    <span data-part="consumed">Kafka → consumer</span>
    <span data-part="compensation">compensation</span>
    <span data-part="pause">pause, not to scale</span>
  </span>
);

const zooms = [1, 1.5, 2, 3, 4, 6, 8];

const Zoom = ({ level, onLevel }: { level: number; onLevel: (level: number) => void }) => (
  <span className={classes['zoom']}>
    <Tooltip label="Zoom out">
      <ActionIcon
        variant="default"
        aria-label="Zoom out"
        disabled={level === 0}
        onClick={() => onLevel(level - 1)}
      >
        <Minus size={14} />
      </ActionIcon>
    </Tooltip>
    <Tooltip label="Zoom in">
      <ActionIcon
        variant="default"
        aria-label="Zoom in"
        disabled={level === zooms.length - 1}
        onClick={() => onLevel(level + 1)}
      >
        <Plus size={14} />
      </ActionIcon>
    </Tooltip>
  </span>
);

interface SagaTimelineProps extends Selection {
  readonly saga: Saga;
  /** Whether the timeline scrolls to its end when it is opened and after each new block. */
  readonly followsEnd: boolean;
}

export const SagaTimeline = ({ saga, followsEnd, ...selection }: SagaTimelineProps) => {
  const { ref, width } = useElementSize();
  const [level, setLevel] = useState(0);
  const drawingWidth = Math.max(width, 320) * (zooms[level] ?? 1);
  const layout = useMemo(() => layoutOf(saga, drawingWidth), [saga, drawingWidth]);
  const drawing = useRef<SVGSVGElement>(null);
  const blockCount = saga.blocks.length;
  useEffect(() => {
    const frame = drawing.current?.parentElement;
    if (followsEnd && width > 0) frame?.scrollTo({ left: frame.scrollWidth });
  }, [followsEnd, blockCount, width]);
  const { slowest } = saga;
  const bars = useMemo(() => barsOf(saga), [saga]);
  const [visited, setVisited] = useState<string>();
  const current =
    bars.find(({ id }) => id === visited) ??
    bars.find(({ eventId }) => eventId === selection.selected) ??
    bars[0];
  const sagaStart = saga.blocks[0]?.start ?? 0;
  const help = useId();
  const onArrowKey = (event: React.KeyboardEvent) => {
    if (current === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const next = barAfterKey(bars, current, event.key);
    if (next === undefined) return;
    event.preventDefault();
    document.getElementById(barId(next.id))?.focus();
  };
  return (
    <Card title="Timeline" flush aside={<Legend />}>
      <div className={classes['frame']}>
        <div className={classes['names']} aria-hidden="true">
          {layout.lanes.map(({ lane, y, height }) => (
            <span key={lane} data-lane={lane} style={{ top: y, height }}>
              {lane}
            </span>
          ))}
        </div>
        <div
          className={classes['scroll']}
          ref={ref}
          role="group"
          aria-label="Timeline of the saga"
          aria-describedby={help}
          onKeyDown={onArrowKey}
        >
          <VisuallyHidden id={help}>{describeTimeline(saga)}</VisuallyHidden>
          <svg ref={drawing} width={layout.width} height={layout.height} role="presentation">
            {layout.lanes.map(({ lane, y, height }) => (
              <rect
                key={lane}
                y={y}
                width={layout.width}
                height={height}
                data-lane={lane}
                className={classes['lane']}
              />
            ))}
            <Axis layout={layout} />
            <Waits layout={layout} />
            {saga.hops.map((hop) => (
              <HopShape key={hop.id} hop={hop} layout={layout} {...selection} />
            ))}
            <Links saga={saga} layout={layout} />
            {[...layout.blocks.values()].map((block) => (
              <BlockShape
                key={block.id}
                block={block}
                sagaStart={sagaStart}
                isTabStop={block.id === current?.id}
                onFocus={() => setVisited(block.id)}
                {...selection}
              />
            ))}
          </svg>
        </div>
      </div>
      <footer className={classes['foot']}>
        {slowest !== undefined && (
          <span className={classes['slowest']}>
            Slowest step: <b>{formatDuration(slowest.to - slowest.from)}</b> {slowest.label}
          </span>
        )}
        <Zoom level={level} onLevel={setLevel} />
      </footer>
    </Card>
  );
};
