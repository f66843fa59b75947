// A lint that checks a scrape against the conventions of Prometheus: names, units, HELP and TYPE, and labels with unbounded values. A
// label with the id of an order would create one series per order, which overloads Prometheus over time.

interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
}
interface Family {
  readonly type: string | undefined;
  readonly help: string | undefined;
  readonly samples: Sample[];
}

/** Gauges of prom-client whose names end with `_total`, as the names of counters do. */
const libraryNames: ReadonlySet<string> = new Set([
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]);

/** The maximum number of series per metric. All buckets of a histogram count as one series. */
const maxSeries = 300;
const maxLabelLength = 120;

const sampleSuffixes: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/** Parses the text format of Prometheus: the comments of a family, then its samples. */
export const parseScrape = (text: string): ReadonlyMap<string, Family> => {
  const families = new Map<string, Family>();
  const familyOf = (name: string): Family =>
    families.get(name) ?? { type: undefined, help: undefined, samples: [] };
  for (const line of text.split('\n')) {
    const [, kind, metric = '', content = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (kind === 'HELP') families.set(metric, { ...familyOf(metric), help: content });
    if (kind === 'TYPE') families.set(metric, { ...familyOf(metric), type: content });
    if (line === '' || line.startsWith('#')) continue;
    const [, name = line, pairs = ''] = /^([^{\s]+)(?:\{(.*)\})? \S+(?: \d+)?$/.exec(line) ?? [];
    const labels = new Map(
      [...pairs.matchAll(/([^=,{]+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', value = '']) => [
        label,
        value,
      ]),
    );
    const family = name.replace(/_(?:bucket|sum|count)$/, '');
    const familyType = families.get(family)?.type;
    const hasSuffix =
      familyType !== undefined && (sampleSuffixes[familyType]?.includes(name.slice(family.length)) ?? false);
    const key = hasSuffix ? family : name;
    const current = familyOf(key);
    current.samples.push({ name, labels });
    families.set(key, current);
  }
  return families;
};

/** The labels of a series, without the labels `le` and `quantile` that histograms and summaries add. */
const identityOf = ({ labels }: Sample): string =>
  JSON.stringify([...labels].filter(([label]) => label !== 'le' && label !== 'quantile').sort());

/** The series of a metric, by their labels. */
export const seriesOf = (family: Family): ReadonlySet<string> => new Set(family.samples.map(identityOf));

const otherUnit =
  /_(?:ms|millis|milliseconds|micros|microseconds|nanos|nanoseconds|minutes|hours|days|kb|mb|kib|mib|kilobytes|megabytes|percent|percentage)(?:_|$)/;
/** A unit in the wrong place. The unit must be the last part of the name or directly before `_total`; `_seconds_since` is wrong. */
const unitInside = /_(?:seconds|bytes|ratio)_(?!total$)/;

const nameViolations = (name: string, type: string): readonly string[] => [
  ...(/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(name) ? [] : ['is not in snake_case']),
  ...(type === 'counter' && !name.endsWith('_total') ? ['is a counter and does not end in _total'] : []),
  ...(type !== 'counter' && name.endsWith('_total') && !libraryNames.has(name)
    ? [`is a ${type} and ends in _total`]
    : []),
  ...(/_(?:count|sum|bucket)$/.test(name) ? ['ends like a part of a histogram'] : []),
  ...(otherUnit.test(name) ? ['has a unit other than the base units seconds, bytes and ratio'] : []),
  ...(unitInside.test(name) ? ['does not end with its unit'] : []),
  ...(/_(?:gauge|counter|histogram|summary)(?:_|$)/.test(name) ? ['has its type in its name'] : []),
  ...(type === 'histogram' && !/_(?:seconds|bytes|ratio|records|rows)$/.test(name)
    ? ['is a histogram without a unit']
    : []),
];

const containsId = (value: string): boolean =>
  /[0-9a-f]{8}-[0-9a-f]{4}-/i.test(value) ||
  /[0-9a-f]{16,}/i.test(value) ||
  /\d{5,}/.test(value) ||
  value.includes('@');

const labelViolations = (family: Family): readonly string[] => {
  const labels = new Map<string, Set<string>>();
  for (const sample of family.samples)
    for (const [label, value] of sample.labels)
      labels.set(label, (labels.get(label) ?? new Set<string>()).add(value));
  return [...labels].flatMap(([label, values]) => [
    ...(/^[a-z][a-z0-9_]*$/.test(label) ? [] : [`has a label ${label} that is not in snake_case`]),
    ...(/(?:^|_)(?:u?u?id|email|user|token|trace)$/.test(label)
      ? [`has a label ${label} with unbounded values`]
      : []),
    ...(label === 'le' || label === 'quantile'
      ? []
      : [...values]
          .filter((value) => containsId(value) || value.length > maxLabelLength)
          .map(
            (value) =>
              `has a label ${label}="${value}" that looks like an id or has more than ${maxLabelLength} characters`,
          )),
  ]);
};

/** One sentence per violation, starting with the name of the metric. */
export const violationsIn = (text: string): readonly string[] =>
  [...parseScrape(text)].flatMap(([name, family]) => {
    const { type, help, samples } = family;
    const series = seriesOf(family).size;
    return [
      ...(help === undefined || help.trim() === '' ? ['has no HELP'] : []),
      ...(type === undefined ? ['has no TYPE'] : nameViolations(name, type)),
      ...(series > maxSeries ? [`has ${series} series, more than ${maxSeries}`] : []),
      ...(new Set(samples.map((sample) => `${sample.name}${JSON.stringify([...sample.labels].sort())}`))
        .size < samples.length
        ? ['has a series twice']
        : []),
      ...labelViolations(family),
    ].map((violation) => `${name} ${violation}`);
  });
