// The review of a change to the event contract, as a reviewer needs it: what has changed, whether old and new understand each
// other and why not, which code reads it, in which order to deploy, and what to do instead.
import type { EventSchema } from '../generate-events.ts';
import { textOf } from '../avro.ts';
import { judge, leastOf, type Obstacle, type Verdict } from './compatibility.ts';
import { differences, review, type Finding } from './differences.ts';
import type { Base } from '../history.ts';
import { labelOf, releasesOfEvent, unreleased, type Contract } from '../releases.ts';
import { producerOf, type Place, type Usage } from './usage.ts';

/** 0 when every change is FULL; otherwise what the worst one is. 1 and 2 are what they are for every command. */
export const exitCodes: Readonly<Record<Verdict, number>> = { FULL: 0, BACKWARD: 3, FORWARD: 4, NONE: 5 };

export interface FindingReport extends Finding {
  /** Code of this repository that reads the field, in services that take the event. */
  readonly readers: readonly Place[];
}

export interface EventReport {
  readonly event: string;
  readonly change: 'added' | 'changed' | 'removed';
  readonly verdict: Verdict;
  /** Released versions that the change does not get along with, with the verdict of each. */
  readonly against: readonly { readonly version: string; readonly verdict: Verdict }[];
  readonly producer: string;
  readonly consumers: readonly string[];
  /** Where the producer makes the event. */
  readonly makers: readonly Place[];
  readonly findings: readonly FindingReport[];
  readonly released: boolean;
  readonly deployment: string;
}

export interface Report {
  readonly base: { readonly name: string; readonly commit: string };
  readonly verdict: Verdict;
  readonly events: readonly EventReport[];
}

/** The events that are not what they were at the base. Compares texts only, so it is quick. */
export const changedEvents = (
  base: Base,
  { working }: Contract,
): { before: EventSchema | undefined; after: EventSchema | undefined }[] => {
  const types = new Set([...base.working, ...working].map(({ eventType }) => eventType));
  return [...types]
    .sort()
    .map((type) => ({
      before: base.working.find(({ eventType }) => eventType === type),
      after: working.find(({ eventType }) => eventType === type),
    }))
    .filter(({ before, after }) => !before || !after || textOf(before) !== textOf(after));
};

/** Kinds of which no code has to know. */
const silent = new Set<Finding['kind']>(['doc', 'order', 'aliases']);

const list = (names: readonly string[]): string => (names.length === 0 ? 'nobody' : names.join(' and '));

const deploymentOf = (
  verdict: Verdict,
  producer: string,
  consumers: readonly string[],
  findings: readonly Finding[],
): string => {
  switch (verdict) {
    case 'FULL':
      if (findings.some(({ kind }) => kind === 'removed'))
        return `Consumers first (${list(consumers)}), so that nobody reads a default for a value; then the producer (${producer}). Old and new instances may run side by side.`;
      if (findings.some(({ kind }) => kind === 'added'))
        return `Any order; old and new instances may run side by side. Consumers (${list(consumers)}) see the default until every instance of ${producer} is new.`;
      return 'Any order; old and new instances may run side by side.';
    case 'BACKWARD':
      return `Consumers first (${list(consumers)}), all of them; only then the producer (${producer}): an old consumer cannot read a new event. Rolling back a consumer after that is not possible.`;
    case 'FORWARD':
      return `Producer first (${producer}), all instances; only then the consumers (${list(consumers)}): a new consumer cannot read an old event, and old ones stay on the topic for its retention.`;
    case 'NONE':
      return 'No order works: old and new events cannot be read by one consumer.';
  }
};

/** Reviews what has changed since the base. `usageOf` yields how the services use a set of schemas. */
export const reviewContract = async (
  contract: Contract,
  base: Base,
  subscribers: ReadonlyMap<string, readonly string[]>,
  usageOf: (schemas: readonly EventSchema[]) => Promise<Usage>,
): Promise<Report> => {
  const changed = changedEvents(base, contract);
  const now = changed.length === 0 ? undefined : await usageOf(contract.working);
  // The contract of the base is needed only for fields that it had; each of the two takes seconds.
  const touched = changed.some(
    ({ before, after }) =>
      before && after && differences(before, after).some(({ kind }) => kind !== 'added' && !silent.has(kind)),
  );
  const earlier = touched ? await usageOf(base.working) : undefined;
  const pending = new Set(unreleased(contract).map(({ eventType }) => eventType));
  const events = changed.map(({ before, after }): EventReport => {
    const schema = after ?? before;
    if (schema === undefined) throw new Error('an event is neither here nor there');
    const event = schema.eventType;
    const [producer, consumers] = [producerOf(schema), subscribers.get(event) ?? []];
    const { findings } = before && after ? review(before, after) : { findings: [] };
    const against =
      after === undefined
        ? []
        : releasesOfEvent(contract.releases, event)
            .map((release) => ({ version: labelOf(release), verdict: judge(release.schema, after).verdict }))
            .filter((version) => version.verdict !== 'FULL');
    const verdict =
      after === undefined
        ? 'NONE'
        : leastOf([
            before === undefined ? 'FULL' : judge(before, after).verdict,
            ...against.map((version) => version.verdict),
          ]);
    const readersOf = (finding: Finding): readonly Place[] => {
      if (finding.path === '' || silent.has(finding.kind)) return [];
      if (finding.kind === 'added' && after) return now?.readersOf(after, finding.path) ?? [];
      return before === undefined ? [] : (earlier?.readersOf(before, finding.from ?? finding.path) ?? []);
    };
    return {
      event,
      change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
      verdict,
      against,
      producer,
      consumers,
      makers: now?.makersOf(schema) ?? [],
      findings: findings.map((finding) => ({ ...finding, readers: readersOf(finding) })),
      released: !pending.has(event),
      deployment: deploymentOf(verdict, producer, consumers, findings),
    };
  });
  return {
    base: { name: base.name, commit: base.commit },
    verdict: leastOf(events.map(({ verdict }) => verdict)),
    events,
  };
};

const meaning: Readonly<Record<Verdict, string>> = {
  FULL: 'old and new read each other',
  BACKWARD: 'new code reads old events, old code does **not** read new ones',
  FORWARD: 'old code reads new events, new code does **not** read old ones',
  NONE: 'neither reads the other',
};

const where = (finding: Finding): string => (finding.path === '' ? 'the event' : `\`${finding.path}\``);
const reasons = (found: readonly Obstacle[]): string =>
  found.length === 0 ? 'yes' : `**no**: ${[...new Set(found.map(({ reason }) => reason))].join('; ')}`;
const cell = (text: string): string => text.replaceAll('|', '\\|');

const byService = (places: readonly Place[]): string =>
  [...Map.groupBy(places, ({ service }) => service)]
    .map(
      ([service, found]) =>
        `${service === 'platform' ? 'every service' : service} (${found.map(({ at }) => `\`${at}\``).join(', ')})`,
    )
    .join('; ');

/** The lines of the field-level difference, for a terminal as for a comment. */
const kindWords: Readonly<Record<Finding['kind'], string>> = {
  added: 'added',
  removed: 'removed',
  renamed: 'renamed',
  type: 'type',
  default: 'default',
  symbols: 'symbols',
  'enum default': 'enum default',
  aliases: 'aliases',
  order: 'order of fields',
  doc: 'documentation',
  contract: 'contract',
};

const eventSection = (report: EventReport): string[] => {
  const { event, change, verdict, against, producer, consumers, makers, findings, released, deployment } =
    report;
  const lines = [`### \`${event}\`: ${verdict}`, ''];
  if (change === 'removed')
    return [
      ...lines,
      `The event is gone. Records of it stay on the topic for its retention, and ${list(consumers)} would park each of them.`,
      '',
      '**Instead**: stop emitting it, keep the schema, and say in its `doc` that nobody writes it any more.',
      '',
    ];
  if (change === 'added')
    return [
      ...lines,
      `A new event of ${producer}, taken by ${list(consumers)}. Nobody can have written it, so nothing can break.`,
      '',
      ...(released ? [] : [`Not released yet: \`npm run schemas -- release ${event}\`.`, '']),
    ];
  lines.push(`Written by ${producer}, read by ${list(consumers)}: ${meaning[verdict]}.`, '');
  lines.push(
    '| field | change | new code reads old events | old code reads new events |',
    '| --- | --- | --- | --- |',
  );
  for (const finding of findings)
    lines.push(
      `| ${where(finding)} | ${kindWords[finding.kind]}: ${cell(finding.what)} | ${cell(reasons(finding.backward))} | ${cell(reasons(finding.forward))} |`,
    );
  lines.push('');
  if (against.length > 0) {
    const versions = against.map((version) => `${version.version} (${version.verdict})`).join(', ');
    lines.push(`Does not get along with ${versions}.`, '');
  }
  const code = [
    ...findings
      .filter(({ kind, path }) => !silent.has(kind) && path !== '')
      .map(({ path, kind, readers }) =>
        readers.length > 0
          ? `- \`${path}\` is read by ${byService(readers)}`
          : kind === 'added'
            ? `- \`${path}\` is not read by anybody yet`
            : `- \`${path}\` is not read by any service of this repository`,
      ),
    ...(makers.length > 0 && findings.some(({ kind }) => !silent.has(kind))
      ? [`- \`${event}\` is made in ${makers.map(({ at }) => `\`${at}\``).join(', ')}`]
      : []),
  ];
  if (code.length > 0) lines.push('**Code**', '', ...new Set(code), '');
  const notes = findings.flatMap((finding) =>
    finding.note === undefined ? [] : [`- ${where(finding)}: ${finding.note}`],
  );
  if (notes.length > 0) lines.push('**To know**', '', ...new Set(notes), '');
  lines.push(`**Deploy**: ${deployment}`, '');
  const remedies = findings.flatMap((finding) =>
    finding.remedy === undefined ? [] : [`- ${where(finding)}: ${finding.remedy}`],
  );
  if (remedies.length > 0) lines.push('**Instead**', '', ...new Set(remedies), '');
  if (verdict === 'FULL' && !released)
    lines.push(`Not released yet: \`npm run schemas -- release ${event}\`.`, '');
  return lines;
};

/** The report as Markdown, ready to be a comment on a pull request. */
export const asMarkdown = ({ base, verdict, events }: Report): string => {
  const since = `since \`${base.name}\` (${base.commit.slice(0, 9)})`;
  if (events.length === 0) return `## Event contract: unchanged ${since}\n`;
  const count = events.length === 1 ? '1 event' : `${String(events.length)} events`;
  const outcome =
    verdict === 'FULL'
      ? 'Every released version and the new one read each other. The registry will take it.'
      : 'This contract is FULL_TRANSITIVE: records of every version stay on the topics, and services are deployed one by one. ' +
        'The offline check refuses this change, and so does the registry.';
  const rows = events.map(
    ({ event, change, findings, verdict: judged, consumers }) =>
      `| \`${event}\` | ${change === 'changed' ? `${String(findings.length)} ${findings.length === 1 ? 'difference' : 'differences'}` : change} | **${judged}** | ${list(consumers)} |`,
  );
  return [
    `## Event contract: ${count} changed, ${verdict}`,
    '',
    `Compared ${since}. ${outcome}`,
    '',
    '| event | change | verdict | read by |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    ...events.flatMap(eventSection),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
};

/** The differences alone, a line each. */
export const differenceLines = (
  events: readonly { event: string; findings: readonly Finding[] }[],
): string[] =>
  events.flatMap(({ event, findings }) => [
    event,
    ...findings.map(
      ({ path, kind, what }) => `  ${kindWords[kind].padEnd(16)} ${(path || '(event)').padEnd(28)} ${what}`,
    ),
  ]);
