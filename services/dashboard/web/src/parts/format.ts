// Formats money, times, sizes and ids for people, in the locale of the browser.

const locale = typeof navigator === 'undefined' ? 'en' : navigator.language;

/** `amountMinor` is a number of minor units (ISO 4217): cents for EUR, yen for JPY, fils (a thousandth) for KWD. */
export const formatMoney = (
  { amountMinor, currency }: { readonly amountMinor: number; readonly currency: string },
  displayLocale: string = locale,
): string => {
  const format = new Intl.NumberFormat(displayLocale, { style: 'currency', currency });
  return format.format(amountMinor / 10 ** decimalsOf(currency));
};

export const decimalsOf = (currency: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;

export const formatNumber = (value: number): string => new Intl.NumberFormat(locale).format(value);

/** "1 row", "2 rows". */
export const formatCount = (count: number, noun: string): string =>
  `${formatNumber(count)} ${noun}${count === 1 ? '' : 's'}`;

export const formatTime = (iso: string): string =>
  new Intl.DateTimeFormat(locale, { timeStyle: 'medium' }).format(new Date(iso));

export const formatDateTime = (iso: string): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(iso));

/** Date, time and time zone. */
export const formatInstant = (iso: string): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long' }).format(new Date(iso));

const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** "3 minutes ago". */
export const formatRelative = (iso: string, now: number): string => {
  const seconds = (Date.parse(iso) - now) / 1_000;
  const [unit, unitSeconds] = units.find(([, unitSeconds]) => Math.abs(seconds) >= unitSeconds) ?? [
    'second',
    1,
  ];
  return relative.format(Math.trunc(seconds / unitSeconds), unit);
};

/** A duration in readable units: 61 ms, 4.2 s, 3 min 7 s, 2 h 5 min. */
export const formatDuration = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const [largeUnit, smallUnit, smallUnitMs] =
    ms < 3_600_000 ? (['min', 's', 1_000] as const) : (['h', 'min', 60_000] as const);
  const smallUnits = Math.floor(ms / smallUnitMs);
  return smallUnits % 60 === 0
    ? `${Math.floor(smallUnits / 60)} ${largeUnit}`
    : `${Math.floor(smallUnits / 60)} ${largeUnit} ${smallUnits % 60} ${smallUnit}`;
};

/** A size in a readable decimal unit: 512 B, 1.5 MB. */
export const formatBytes = (bytes: number): string => {
  const sizes = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1 ? 0 : Math.min(sizes.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1_000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${sizes[power] ?? ''}`;
};

/** Minutes and seconds until an instant, such as 29:59; 0:00 after the instant. */
export const formatCountdown = (iso: string, now: number): string => {
  const seconds = Math.max(0, Math.ceil((Date.parse(iso) - now) / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};

/** The first eight and the last four characters of an id. An id of up to 16 characters is returned unchanged. */
export const shortId = (id: string): string => (id.length <= 16 ? id : `${id.slice(0, 8)}…${id.slice(-4)}`);

/** A display name for a seller, derived from the id, because the services store no names of sellers. */
export const sellerName = (id: string): string => {
  const number = /^user-seller-(\d+)$/.exec(id)?.[1];
  return number === undefined ? id : `Seller ${Number(number)}`;
};
