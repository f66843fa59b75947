// Line drawings of products, chosen by words in the product's name. A product without a matching word gets a drawing of a parcel.
import classes from './product-picture.module.css';

const drawings: readonly (readonly [pattern: RegExp, colour: string, path: string])[] = [
  [
    /\b(espresso|machine)/i,
    '#b5533c',
    'M32 28h56v14H32z M38 42v50h44V42 M32 92h56 M50 42v10h20V42 M52 66h16v10a8 8 0 0 1-16 0z M68 68h6 M76 34h4',
  ],
  [
    /\bgrinder/i,
    '#8a5a36',
    'M46 26h28l-4 22H50z M50 48h20v10H50z M42 58h36v36H42z M60 26V18h22 M54 70h12v10H54z',
  ],
  [/\b(filter|paper)/i, '#6b7d8f', 'M32 36h56L72 76H48z M48 76v16h24V76 M44 36l8 40 M76 36l-8 40'],
  [
    /\b(mug|cup)s?\b/i,
    '#d97757',
    'M30 34h52v44a16 16 0 0 1-16 16H46a16 16 0 0 1-16-16z M82 46h10a12 12 0 0 1 0 32H80 M44 24c0-6 6-6 6-12 M60 24c0-6 6-6 6-12',
  ],
  [
    /\b(edition|book)s?\b/i,
    '#7a3b5e',
    'M36 24h42a6 6 0 0 1 6 6v64H42a6 6 0 0 1-6-6z M36 86a6 6 0 0 1 6-6h42 M50 40h20 M50 50h20 M60 62l3 6 6 1-4 4 1 6-6-3-6 3 1-6-4-4 6-1z',
  ],
  [/\blamp/i, '#c2952d', 'M40 96h40 M60 96V64L44 44 M44 44l34-16 8 16z M60 54a8 8 0 0 0 12-6'],
  [/\b(notebook|dotted)/i, '#3f6f8f', 'M36 26h48v72H36z M46 26v72 M58 44h18 M58 54h18 M58 64h12'],
  [/\bpens?\b/i, '#2f4a7d', 'M78 22l20 20-46 46-24 6 6-24z M70 30l20 20 M34 70l16 16 M62 56a4 4 0 1 0 0.1 0'],
  [
    /\b(blanket|scarf|wool)/i,
    '#8a4f7d',
    'M30 34h60v46H30z M30 48h60 M30 66h60 M36 80v10 M46 80v10 M56 80v10 M66 80v10 M76 80v10 M84 80v10',
  ],
  [
    /\b(plant|pot)s?\b/i,
    '#5d7d3a',
    'M38 64h44l-6 32H44z M60 64V38 M60 50c-16 0-20-12-20-20 12 0 20 8 20 20z M60 44c0-12 8-20 20-20 0 12-6 20-20 20z',
  ],
];
const parcel = 'M60 22l36 18v40L60 98 24 80V40z M24 40l36 18 36-18 M60 58v40 M42 31l36 18';
const parcelColours = ['#47516b', '#7a5c3a', '#3a7a6c', '#6b4a8a', '#8a3f4f'];

const colourOf = (name: string): string =>
  parcelColours[
    Array.from(name).reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % parcelColours.length
  ] ?? '#47516b';

export const ProductPicture = ({ name, small = false }: { name: string; small?: boolean }) => {
  const [, colour, path] = drawings.find(([pattern]) => pattern.test(name)) ?? [null, colourOf(name), parcel];
  return (
    <span className={classes['picture']} data-small={small || undefined} aria-hidden="true">
      <svg
        viewBox="0 0 120 120"
        fill={colour}
        fillOpacity=".18"
        stroke={colour}
        strokeWidth="3.5"
        strokeLinejoin="round"
        strokeLinecap="round"
      >
        <path d={path} />
      </svg>
    </span>
  );
};
