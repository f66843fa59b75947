// A time scale that shortens pauses: it is linear during activity and has a narrow, labelled break in place of each pause. So a saga
// of 100 ms stays readable even if the order is shipped two days later. Pure.

interface Break {
  readonly x: number;
  /** The length of the pause, in milliseconds. */
  readonly ms: number;
}

export interface Scale {
  readonly width: number;
  readonly x: (time: number) => number;
  readonly ticks: readonly { readonly x: number; readonly ms: number }[];
  readonly breaks: readonly Break[];
}

/** A pause that is longer than this is drawn as a break. */
const longestPauseMs = 400;
/** The width of a break, in pixels. */
const breakWidth = 56;
const minPxPerMs = 0.3;

const niceSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500];

interface Segment {
  readonly from: number;
  readonly to: number;
  readonly x: number;
  readonly width: number;
  readonly isBreak: boolean;
}

/** `times` are the starts and ends of all activities. If one millisecond would be narrower than `minPxPerMs`, the scale gets wider
 *  than `width`. */
export const timeScale = (times: readonly number[], width: number): Scale => {
  const sorted = [...new Set(times)].toSorted((a, b) => a - b);
  const first = sorted[0] ?? 0;
  const pairs = sorted.slice(1).map((to, index) => ({ from: sorted[index] ?? to, to }));
  const pauses = pairs.filter(({ from, to }) => to - from > longestPauseMs);
  const activeMs = pairs.reduce((sum, { from, to }) => sum + (to - from > longestPauseMs ? 0 : to - from), 0);
  const pxPerMs = Math.max(minPxPerMs, (width - pauses.length * breakWidth) / Math.max(1, activeMs));
  let x = 0;
  const segments = pairs.map(({ from, to }): Segment => {
    const isBreak = to - from > longestPauseMs;
    const segment = { from, to, x, width: isBreak ? breakWidth : (to - from) * pxPerMs, isBreak };
    x += segment.width;
    return segment;
  });
  const last = segments.at(-1);
  const xOf = (time: number): number => {
    const segment = segments.find(({ to }) => time <= to) ?? last;
    if (segment === undefined) return 0;
    const fraction = (time - segment.from) / (segment.to - segment.from);
    return segment.x + Math.min(1, Math.max(0, fraction)) * segment.width;
  };
  const step = niceSteps.find((size) => size * pxPerMs >= 90) ?? 500;
  // Ticks are relative to the first time. Breaks have no ticks.
  const ticks = segments
    .filter(({ isBreak }) => !isBreak)
    .flatMap(({ from, to }) => {
      const start = Math.ceil((from - first) / step);
      const end = Math.floor((to - first) / step);
      return Array.from({ length: Math.max(0, end - start + 1) }, (_, index) => (start + index) * step);
    });
  return {
    width: Math.max(x, 1),
    x: xOf,
    ticks: [...new Set(ticks)].map((ms) => ({ ms, x: xOf(first + ms) })),
    breaks: segments
      .filter(({ isBreak }) => isBreak)
      .map((segment) => ({ x: segment.x + segment.width / 2, ms: segment.to - segment.from })),
  };
};
