// A small line chart of one metric over time. Screen readers read the label instead of the chart.
import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatTime } from './format.ts';

interface Point {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly value: number | null;
}

interface LineChartProps {
  readonly label: string;
  readonly points: readonly Point[];
  /** Formats a value of the y axis. */
  readonly format: (value: number) => string;
}

const height = 130;

/** Resolves a colour token to a colour value, because a canvas cannot use CSS variables. */
const colorOf = (element: HTMLElement, token: string): string => {
  const probe = document.createElement('span');
  probe.style.color = `var(--${token})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
};

const formatTick = (seconds: number): string => formatTime(new Date(seconds * 1_000).toISOString());

const optionsOf = (
  element: HTMLElement,
  { width, format }: { width: number; format: (value: number) => string },
): uPlot.Options => {
  const [lineColor, gridColor, textColor] = [
    colorOf(element, 'cdc'),
    colorOf(element, 'line'),
    colorOf(element, 'ink-3'),
  ];
  const axis = {
    stroke: textColor,
    grid: { stroke: gridColor, width: 1 },
    ticks: { show: false },
    font: "11px 'Inter Variable'",
  };
  return {
    width,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { y: { range: (_chart, _min, max) => [0, Math.max(max, 1) * 1.15] } },
    axes: [
      { ...axis, size: 24, space: 110, values: (_chart, values) => values.map(formatTick) },
      { ...axis, size: 58, space: 34, values: (_chart, values) => values.map(format) },
    ],
    series: [{}, { stroke: lineColor, width: 1.6, spanGaps: false, points: { show: false } }],
  };
};

const dataOf = (points: readonly Point[]): uPlot.AlignedData => [
  points.map(({ at }) => at / 1_000),
  points.map(({ value }) => value),
];

export const LineChart = ({ label, points, format }: LineChartProps) => {
  const { ref, width } = useElementSize();
  const colorScheme = useComputedColorScheme();
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const latest = useRef({ points, format });
  latest.current = { points, format };
  useEffect(() => {
    const element = frame.current;
    if (element === null || width === 0) return;
    const created = new uPlot(
      optionsOf(element, { width, format: (value) => latest.current.format(value) }),
      dataOf(latest.current.points),
      element,
    );
    chart.current = created;
    return () => {
      chart.current = undefined;
      created.destroy();
    };
    // The colours of the canvas are those of the theme at its creation.
  }, [width, colorScheme]);
  useEffect(() => {
    chart.current?.setData(dataOf(points));
  }, [points]);
  return (
    <div ref={ref} role="img" aria-label={label}>
      <div ref={frame} aria-hidden="true" />
    </div>
  );
};
