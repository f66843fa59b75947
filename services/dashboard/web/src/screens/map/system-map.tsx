// Draws the map with React Flow. The model sets the positions, so the nodes never move.
import { Handle, Position, ReactFlow, type Edge, type Node, type NodeProps } from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { MapEdge, MapNode, SystemMap as Model } from './map-model.ts';
import classes from './map.module.css';

const columnWidth = 252;
const rowHeight = 110;

type PartNode = Node<{ readonly part: MapNode }, 'part'>;

const healthTexts: Readonly<Record<MapNode['health'], string>> = {
  ok: 'healthy',
  warning: 'degraded',
  paused: 'paused',
  broken: 'broken',
  unknown: 'unknown',
};

const Part = ({ data: { part } }: NodeProps<PartNode>) => (
  <div
    className={classes['node']}
    data-health={part.health}
    style={{ '--own': `var(--${part.color})` } as React.CSSProperties}
  >
    <Handle type="target" position={Position.Left} id="in" />
    <Handle type="target" position={Position.Top} id="from-above" />
    <b>{part.label}</b>
    <span>{part.health === 'ok' ? part.detail : `${healthTexts[part.health]}: ${part.detail}`}</span>
    <Handle type="source" position={Position.Right} id="out" />
    <Handle type="source" position={Position.Bottom} id="below" />
  </div>
);
const nodeTypes = { part: Part };

/** The width grows with the logarithm of the rate: a rate of one per minute is visible, and a rate of thousands is not too wide. */
const widthOf = (rate: number | undefined): number =>
  rate === undefined || rate === 0 ? 1.5 : Math.min(7, 1.5 + Math.log10(1 + rate) * 1.6);

const edgeOf = ({ from, to, rate, health, color }: MapEdge): Edge => ({
  id: `${from}→${to}`,
  source: from,
  target: to,
  type: 'smoothstep',
  sourceHandle: from === 'payment' && to === 'gateway' ? 'below' : 'out',
  targetHandle: from === 'payment' && to === 'gateway' ? 'from-above' : 'in',
  animated: health === 'ok' && rate !== undefined && rate > 0,
  focusable: false,
  style: {
    stroke: health === 'broken' ? 'var(--bad)' : health === 'paused' ? 'var(--wait)' : `var(--${color})`,
    strokeWidth: widthOf(rate),
    opacity: 0.8,
    ...(health === 'broken' || health === 'paused' ? { strokeDasharray: '3 5' } : {}),
  },
});

const nodeOf = (part: MapNode): PartNode => ({
  id: part.id,
  type: 'part',
  position: { x: part.column * columnWidth, y: part.row * rowHeight },
  data: { part },
  draggable: false,
  connectable: false,
  ariaLabel: `${part.label}: ${healthTexts[part.health]}, ${part.detail}`,
});

export const SystemMap = ({ map }: { map: Model }) => {
  const navigate = useNavigate();
  const nodes = useMemo(() => map.nodes.map(nodeOf), [map]);
  const edges = useMemo(() => map.edges.map(edgeOf), [map]);
  return (
    <div className={classes['scroll']} role="group" aria-label="System map" tabIndex={0}>
      <div className={classes['map']}>
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          onNodeClick={(_event, node) => void navigate({ to: node.data.part.to })}
          fitView
          fitViewOptions={{ padding: 0.06 }}
          minZoom={0.25}
          maxZoom={1.4}
          zoomOnScroll={false}
          panOnDrag={false}
          zoomOnDoubleClick={false}
          preventScrolling={false}
          nodesDraggable={false}
          nodesConnectable={false}
          proOptions={{ hideAttribution: true }}
        />
      </div>
    </div>
  );
};
