// The commands on connectors, each an answer for people (lines) and for scripts (JSON). They only ask and tell: what is decided
// about a configuration or a slot is decided in lint, impact and slot-health.
import { judgeSlot } from '../../services/auditor/pipelines/slot-health.ts';
import { callConnect, restartConnector } from '../../services/auditor/pipelines/connect-rest.ts';
import type { StackAddress } from '../operator/environment.ts';
import { failure } from '../../schemas/tools/failure.ts';
import { isObject } from '../../schemas/tools/json.ts';
import { services, type ServiceName } from '../stack/topology.ts';
import { applyConnector, awaitRunning, planConnector, type Plan } from './apply.ts';
import { readConnector } from './files.ts';
import { lint } from './lint.ts';
import { slotLine, slotOf, withDatabase } from './position.ts';
import {
  connectorState,
  refusalOf,
  resetOffsets,
  setState,
  storedOffsets,
  validateAtConnect,
} from './connect-admin.ts';

export interface Flags {
  readonly offline: boolean;
  readonly 'allow-dangerous': boolean;
  readonly failed: boolean;
  readonly yes: boolean;
}

export interface Outcome {
  /** Whether all is as it should be. */
  readonly ok: boolean;
  readonly lines: readonly string[];
  readonly json: unknown;
}
export type Command = (chosen: readonly ServiceName[], flags: Flags) => Promise<Outcome>;

const wait = { withinMs: 90_000 };
export const nameOf = (service: ServiceName): string => services[service].connector;

/** Runs `work` for one connector after the other: each line belongs to what comes before it. */
const each = async (
  chosen: readonly ServiceName[],
  work: (service: ServiceName) => Promise<Outcome>,
): Promise<Outcome> => {
  const outcomes: [string, Outcome][] = [];
  for (const service of chosen) outcomes.push([nameOf(service), await work(service)]);
  return {
    ok: outcomes.every(([, { ok }]) => ok),
    lines: outcomes.flatMap(([, { lines }]) => lines),
    json: Object.fromEntries(outcomes.map(([name, { json }]) => [name, json])),
  };
};

const show = ({ connector, exists, changes }: Plan): string[] => {
  if (!exists) return [`${connector}: Connect has none; it is made, and begins where its slot is`];
  if (changes.length === 0) return [`${connector}: as described`];
  return [
    `${connector}: ${changes.length} to change`,
    ...changes.flatMap(({ key, from, to, consequence, sentence, dangerous }) => [
      `  ${key}`,
      `    - ${from ?? '(absent)'}`,
      `    + ${to ?? '(absent)'}`,
      `    ${dangerous ? 'DANGEROUS, ' : ''}${consequence}: ${sentence}`,
    ]),
  ];
};

/** The commands by their words, on the stack at that address. */
export const commandsOn = (stack: StackAddress): Readonly<Record<string, Command>> => {
  const { connect: url } = stack.urls;

  const validate: Command = (chosen, { offline }) =>
    each(chosen, async (service) => {
      const config = readConnector(service);
      const own = lint(service, config);
      const theirs = offline ? [] : await validateAtConnect(url, nameOf(service), config);
      const findings = [...own, ...theirs];
      const verdict = offline ? 'the lint finds nothing wrong' : 'the lint and Connect find nothing wrong';
      return {
        ok: findings.length === 0,
        lines: [
          `${nameOf(service)}: ${findings.length === 0 ? verdict : `${findings.length} wrong`}`,
          ...findings.map(({ key, problem }) => `  ${key} ${problem}`),
        ],
        json: findings,
      };
    });

  const plan: Command = (chosen) =>
    each(chosen, async (service) => {
      const planned = await planConnector(url, service);
      const { exists, changes } = planned;
      return { ok: true, lines: show(planned), json: { exists, changes } };
    });

  const drift: Command = (chosen) =>
    each(chosen, async (service) => {
      const planned = await planConnector(url, service);
      const { exists, changes } = planned;
      return { ok: exists && changes.length === 0, lines: show(planned), json: { exists, changes } };
    });

  const apply: Command = (chosen, flags) =>
    each(chosen, async (service) => {
      const connector = nameOf(service);
      const { applied } = await applyConnector(service, {
        ...wait,
        url,
        ...(flags['allow-dangerous'] ? { dangerous: 'allow' } : {}),
      });
      const state = await awaitRunning(service, { ...wait, url });
      const hint = state === 'paused' ? `; npm run connectors -- resume --connector ${connector}` : '';
      return {
        ok: true,
        lines: [`${connector}: ${applied}, ${state}${hint}`],
        json: { applied, state },
      };
    });

  const status: Command = (chosen) =>
    each(chosen, async (service) => {
      const connector = nameOf(service);
      const [state, slot] = await Promise.all([connectorState(url, connector), slotOf(stack, service)]);
      const findings = judgeSlot(service, slot);
      const why = state !== undefined && 'why' in state ? `\n    ${state.why}` : '';
      return {
        ok: state?.kind === 'running' && findings.every(({ level }) => level === 'warning'),
        lines: [
          `${connector}: ${state?.kind ?? 'Connect has none; npm run connectors -- apply'}${why}`,
          `  slot ${slotLine(slot)}`,
          ...findings.map(({ sentence, remedy }) => `  ${sentence}\n    ${remedy}`),
        ],
        json: { state: state ?? null, slot: slot.state, findings },
      };
    });

  const restart: Command = (chosen, { failed }) =>
    each(chosen, async (service) => {
      const connector = nameOf(service);
      if ((await connectorState(url, connector)) === undefined)
        throw failure(`Kafka Connect has no connector ${connector}; npm run connectors -- apply`);
      await restartConnector(url, connector, failed ? 'failed' : 'all');
      const state = await awaitRunning(service, { ...wait, url });
      return { ok: state === 'running', lines: [`${connector}: ${state}`], json: { state } };
    });

  const transition =
    (action: 'pause' | 'resume' | 'stop'): Command =>
    (chosen) =>
      each(chosen, async (service) => {
        const connector = nameOf(service);
        await setState(url, connector, action, wait);
        const state = await connectorState(url, connector);
        const why = state !== undefined && 'why' in state ? `\n    ${state.why}` : '';
        return {
          ok: state?.kind === (action === 'resume' ? 'running' : 'paused'),
          lines: [
            `${connector}: ${state?.kind === 'paused' && action === 'stop' ? 'stopped' : (state?.kind ?? 'gone')}${why}`,
          ],
          json: { state: state ?? null },
        };
      });

  const offsetsGet: Command = (chosen) =>
    each(chosen, async (service) => {
      const connector = nameOf(service);
      const [stored, slot] = await Promise.all([storedOffsets(url, connector), slotOf(stack, service)]);
      return {
        ok: true,
        lines: [
          ...(stored.length === 0 ? [`${connector}: nothing is stored`] : []),
          ...stored.map(({ lsn, raw }) => `${connector}: stored ${lsn ?? ''} ${JSON.stringify(raw)}`),
          `  slot ${slotLine(slot)}`,
        ],
        json: { stored, slot: slot.state },
      };
    });

  const expectStopped = async (connector: string): Promise<void> => {
    const { status: code, body } = await callConnect(`${url}/connectors/${connector}/status`);
    if (code === 404) throw failure(`Kafka Connect has no connector ${connector}`);
    if (!(isObject(body) && isObject(body['connector']) && body['connector']['state'] === 'STOPPED'))
      throw failure(
        `the connector ${connector} is not stopped; npm run connectors -- stop --connector ${connector}`,
      );
  };

  const offsetsReset: Command = (chosen, flags) =>
    each(chosen, async (service) => {
      const connector = nameOf(service);
      await expectStopped(connector);
      const before = await offsetsGet([service], flags);
      const slot = await slotOf(stack, service);
      const [problem] = judgeSlot(service, slot).filter(
        ({ problem: name }) => name === 'missing' || name === 'lost',
      );
      const then =
        problem === undefined
          ? '  after it the connector begins where its slot is: it repeats at most what lies between the two, and takes no snapshot'
          : `  ${problem.sentence}\n    a reset alone does not bring them back: ${problem.remedy}`;
      if (!flags.yes)
        return {
          ok: false,
          lines: [...before.lines, then, '  nothing was changed; add --yes to forget the stored offset'],
          json: { reset: false },
        };
      await resetOffsets(url, connector, wait);
      return { ok: true, lines: [...before.lines, then, `${connector}: reset`], json: { reset: true } };
    });

  const remove: Command = (chosen, { yes }) =>
    each(chosen, async (service) => {
      const connector = nameOf(service);
      const { slot } = services[service].database;
      await expectStopped(connector);
      const before = await slotOf(stack, service);
      if (!yes)
        return {
          ok: false,
          lines: [
            `${connector}: would be taken out of Connect with its offsets, then its slot would be dropped`,
            `  slot ${slotLine(before)}`,
            '  nothing was changed; add --yes if no event of this service is wanted any more',
          ],
          json: { removed: false },
        };
      await resetOffsets(url, connector, wait);
      const reply = await callConnect(`${url}/connectors/${connector}`, { method: 'DELETE' });
      if (reply.status >= 300) throw failure(`Kafka Connect keeps ${connector}: ${refusalOf(reply)}`);
      // The connector first: it would make nothing of a slot that is gone, and a slot that nobody drops holds WAL for ever.
      await withDatabase(stack, service, 'admin', async (sql) => {
        await sql`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ${slot}`;
      });
      return {
        ok: true,
        lines: [`${connector}: removed, and its slot ${slot} dropped`],
        json: { removed: true },
      };
    });

  return {
    validate,
    plan,
    apply,
    drift,
    status,
    restart,
    pause: transition('pause'),
    resume: transition('resume'),
    stop: transition('stop'),
    'offsets get': offsetsGet,
    'offsets reset': offsetsReset,
    remove,
  };
};
