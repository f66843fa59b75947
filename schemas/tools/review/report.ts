// The review of a change to the event contract: the differences, whether old and new versions can read each other (and if not,
// why), the code that reads the fields, the sequence of deployment, and the alternatives.
import type { EventSchema } from '../event-schema.ts';
import { textOf } from '../avro.ts';
import { judge, combinedVerdict, type Obstacle, type Verdict } from './compatibility.ts';
import { differences, review, type Finding } from './differences.ts';
import type { Base } from '../history.ts';
import { labelOf, releasesOfEvent, unreleased, type Contract } from '../releases.ts';
import { producerOf, type Place, type Usage } from './usage.ts';

/**
 * The exit code of `report` for the combined verdict of all changes. Codes 1 and 2 are reserved for the meaning that they have in
 * every command.
 */
export const exitCodes: Readonly<Record<Verdict, number>> = { FULL: 0, BACKWARD: 3, FORWARD: 4, NONE: 5 };

interface FindingReport extends Finding {
  /** Code that reads the field, in the services that subscribe to the event. */
  readonly readers: readonly Place[];
}

export interface EventReport {
  readonly event: string;
  readonly change: 'added' | 'changed' | 'removed';
  readonly verdict: Verdict;
  /** The released versions that are not fully compatible with the changed schema, and their verdicts. */
  readonly against: readonly { readonly version: string; readonly verdict: Verdict }[];
  readonly producer: string;
  readonly consumers: readonly string[];
  /** Where the producer creates the event. */
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

/** The events that differ from the base. Compares only texts, which is fast. */
export const changedEvents = (
  base: Base,
  { workingSchemas }: Contract,
): { before: EventSchema | undefined; after: EventSchema | undefined }[] => {
  const types = new Set([...base.workingSchemas, ...workingSchemas].map(({ eventType }) => eventType));
  return [...types]
    .sort()
    .map((type) => ({
      before: base.workingSchemas.find(({ eventType }) => eventType === type),
      after: workingSchemas.find(({ eventType }) => eventType === type),
    }))
    .filter(({ before, after }) => !before || !after || textOf(before) !== textOf(after));
};

/** Kinds of differences that do not affect the code of the services. */
const harmless = new Set<Finding['kind']>(['doc', 'order', 'aliases']);

const list = (names: readonly string[]): string => (names.length === 0 ? 'no service' : names.join(' and '));

const deploymentOf = (
  verdict: Verdict,
  producer: string,
  consumers: readonly string[],
  findings: readonly Finding[],
): string => {
  switch (verdict) {
    case 'FULL':
      if (findings.some(({ kind }) => kind === 'removed'))
        return `Consumers first (${list(consumers)}), so that none of them reads a default instead of a value; then the producer (${producer}). Old and new instances can run at the same time.`;
      if (findings.some(({ kind }) => kind === 'added'))
        return `In any sequence; old and new instances can run at the same time. Consumers (${list(consumers)}) read the default until every instance of ${producer} is new.`;
      return 'In any sequence; old and new instances can run at the same time.';
    case 'BACKWARD':
      return `Consumers first (${list(consumers)}), all of them; only then the producer (${producer}): an old consumer cannot read a new event. After that, a consumer cannot be rolled back.`;
    case 'FORWARD':
      return `Producer first (${producer}), all instances; only then the consumers (${list(consumers)}): a new consumer cannot read an old event, and old events stay on the topic for its retention.`;
    case 'NONE':
      return 'Not possible: no consumer can read both old and new events.';
  }
};

/** Reviews the changes since the base. `usageOf` finds how the services use a set of schemas. */
export const reviewContract = async (
  contract: Contract,
  base: Base,
  subscribers: ReadonlyMap<string, readonly string[]>,
  usageOf: (schemas: readonly EventSchema[]) => Promise<Usage>,
): Promise<Report> => {
  const changed = changedEvents(base, contract);
  const currentUsage = changed.length === 0 ? undefined : await usageOf(contract.workingSchemas);
  // `usageOf` takes seconds, so it runs for the base only if a field of the base has changed.
  const baseFieldChanged = changed.some(
    ({ before, after }) =>
      before &&
      after &&
      differences(before, after).some(({ kind }) => kind !== 'added' && !harmless.has(kind)),
  );
  const baseUsage = baseFieldChanged ? await usageOf(base.workingSchemas) : undefined;
  const pending = new Set(unreleased(contract).map(({ eventType }) => eventType));
  const events = changed.map(({ before, after }): EventReport => {
    const schema = after ?? before;
    if (schema === undefined) throw new Error('a changed event has no schema');
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
        : combinedVerdict([
            before === undefined ? 'FULL' : judge(before, after).verdict,
            ...against.map((version) => version.verdict),
          ]);
    const readersOf = (finding: Finding): readonly Place[] => {
      if (finding.path === '' || harmless.has(finding.kind)) return [];
      if (finding.kind === 'added' && after) return currentUsage?.readersOf(after, finding.path) ?? [];
      return before === undefined ? [] : (baseUsage?.readersOf(before, finding.from ?? finding.path) ?? []);
    };
    return {
      event,
      change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
      verdict,
      against,
      producer,
      consumers,
      makers: currentUsage?.makersOf(schema) ?? [],
      findings: findings.map((finding) => ({ ...finding, readers: readersOf(finding) })),
      released: !pending.has(event),
      deployment: deploymentOf(verdict, producer, consumers, findings),
    };
  });
  return {
    base: { name: base.name, commit: base.commit },
    verdict: combinedVerdict(events.map(({ verdict }) => verdict)),
    events,
  };
};

const meaning: Readonly<Record<Verdict, string>> = {
  FULL: 'old and new code read both old and new events',
  BACKWARD: 'new code reads old events, old code does **not** read new ones',
  FORWARD: 'old code reads new events, new code does **not** read old ones',
  NONE: 'new code does **not** read old events, old code does **not** read new ones',
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

const kindWords: Readonly<Record<Finding['kind'], string>> = {
  added: 'added',
  removed: 'removed',
  renamed: 'renamed',
  type: 'type',
  default: 'default',
  symbols: 'symbols',
  'enum default': 'enum default',
  aliases: 'aliases',
  order: 'sequence',
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
      `The event is removed. Its records stay on the topic for its retention, and ${list(consumers)} would dead-letter each of these records.`,
      '',
      '**Instead**: stop emitting the event, keep its schema, and state in the `doc` that the event is no longer written.',
      '',
    ];
  // An event that was added and released after the base, and then changed, has records.
  if (change === 'added' && against.length === 0)
    return [
      ...lines,
      `A new event of ${producer}, read by ${list(consumers)}. No record of it exists, so nothing can break.`,
      '',
      ...(released ? [] : [`Not released yet: \`npm run schemas -- release ${event}\`.`, '']),
    ];
  lines.push(`Written by ${producer}, read by ${list(consumers)}: ${meaning[verdict]}.`, '');
  if (findings.length > 0)
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
    lines.push(`Not fully compatible with ${versions}.`, '');
  }
  const code = [
    ...findings
      .filter(({ kind, path }) => !harmless.has(kind) && path !== '')
      .map(({ path, kind, readers }) =>
        readers.length > 0
          ? `- \`${path}\` is read by ${byService(readers)}`
          : kind === 'added'
            ? `- \`${path}\` is not read by any service yet`
            : `- \`${path}\` is not read by any service of this repository`,
      ),
    ...(makers.length > 0 && findings.some(({ kind }) => !harmless.has(kind))
      ? [`- \`${event}\` is created in ${makers.map(({ at }) => `\`${at}\``).join(', ')}`]
      : []),
  ];
  if (code.length > 0) lines.push('**Code**', '', ...new Set(code), '');
  const notes = findings.flatMap((finding) =>
    finding.note === undefined ? [] : [`- ${where(finding)}: ${finding.note}`],
  );
  if (notes.length > 0) lines.push('**Notes**', '', ...new Set(notes), '');
  lines.push(`**Deploy**: ${deployment}`, '');
  const remedies = findings.flatMap((finding) =>
    finding.remedy === undefined ? [] : [`- ${where(finding)}: ${finding.remedy}`],
  );
  if (remedies.length > 0) lines.push('**Instead**', '', ...new Set(remedies), '');
  if (verdict === 'FULL' && !released)
    lines.push(`Not released yet: \`npm run schemas -- release ${event}\`.`, '');
  return lines;
};

/** The report as Markdown, for a comment on a pull request. */
export const asMarkdown = ({ base, verdict, events }: Report): string => {
  const since = `since \`${base.name}\` (${base.commit.slice(0, 9)})`;
  if (events.length === 0) return `## Event contract: unchanged ${since}\n`;
  const count = events.length === 1 ? '1 event' : `${String(events.length)} events`;
  const outcome =
    verdict === 'FULL'
      ? 'Every released version and the new version read each other. The registry will accept the new version.'
      : 'This contract is FULL_TRANSITIVE: records of every version stay on the topics, and services are deployed one by one. ' +
        'The offline check and the registry refuse this change.';
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

/** One line for each difference. */
export const differenceLines = (
  events: readonly { event: string; findings: readonly Finding[] }[],
): string[] =>
  events.flatMap(({ event, findings }) => [
    event,
    ...findings.map(
      ({ path, kind, what }) => `  ${kindWords[kind].padEnd(16)} ${(path || '(event)').padEnd(28)} ${what}`,
    ),
  ]);
