// The subcommands of `npm run connectors`. Each returns lines for people and JSON for scripts. Configurations are judged in
// lint.ts and impact.ts, slots in the auditor's slot-health.ts.
import { judgeSlot } from '../../services/auditor/pipelines/slot-health.ts';
import {
  callConnect,
  restartConnector,
  type ConnectorState,
} from '../../services/auditor/pipelines/connect-rest.ts';
import type { StackAddress } from '../operator/environment.ts';
import { failure } from '../../schemas/tools/failure.ts';
import { isObject } from '../../schemas/tools/json.ts';
import { services, type ServiceName } from '../stack/topology.ts';
import { applyConnector, awaitRunning, planConnector, type Plan } from './apply.ts';
import { readConnector } from './files.ts';
import { lint } from './lint.ts';
import { slotLine, slotOf, withDatabase } from './slot-position.ts';
import {
  connectorState,
  refusalOf,
  resetOffsets,
  setState,
  storedOffsets,
  validateAtConnect,
  missingConnector,
} from './connect-admin.ts';

export interface Flags {
  readonly offline?: true | undefined;
  readonly allowDangerous?: true | undefined;
  readonly failed?: true | undefined;
  readonly yes?: true | undefined;
}

interface CommandResult {
  /** False: the exit code is 1. */
  readonly ok: boolean;
  readonly lines: readonly string[];
  readonly json: unknown;
}
type Command = (chosen: readonly ServiceName[], flags: Flags) => Promise<CommandResult>;

const wait = { withinMs: 90_000 };
export const nameOf = (service: ServiceName): string => services[service].connector;

/** Runs `work` for one connector after the other and joins the results. */
const forEachConnector = async (
  chosen: readonly ServiceName[],
  work: (service: ServiceName) => Promise<CommandResult>,
): Promise<CommandResult> => {
  const results: [string, CommandResult][] = [];
  for (const service of chosen) results.push([nameOf(service), await work(service)]);
  return {
    ok: results.every(([, { ok }]) => ok),
    lines: results.flatMap(([, { lines }]) => lines),
    json: Object.fromEntries(results.map(([name, { json }]) => [name, json])),
  };
};

const planLines = ({ connector, exists, changes }: Plan): string[] => {
  if (!exists)
    return [
      `${connector}: does not exist in Connect; apply creates it, and it starts at the position of its slot`,
    ];
  if (changes.length === 0) return [`${connector}: unchanged`];
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

/** The line for the reason of a state; empty when it has none. */
const reasonLine = (state: ConnectorState | undefined): string =>
  state !== undefined && 'why' in state ? `\n    ${state.why}` : '';

/** The subcommands by name, for the stack at that address. */
export const commandsOn = (stack: StackAddress) => {
  const { connect: url } = stack.urls;

  const validate: Command = (chosen, { offline }) =>
    forEachConnector(chosen, async (service) => {
      const config = readConnector(service);
      const refused = offline ? [] : await validateAtConnect(url, nameOf(service), config);
      const findings = [...lint(service, config), ...refused];
      const verdict = offline ? 'lint found no problem' : 'lint and Connect found no problem';
      return {
        ok: findings.length === 0,
        lines: [
          `${nameOf(service)}: ${findings.length === 0 ? verdict : `${findings.length} ${findings.length === 1 ? 'problem' : 'problems'}`}`,
          ...findings.map(({ key, problem }) => `  ${key} ${problem}`),
        ],
        json: findings,
      };
    });

  const drift: Command = (chosen) =>
    forEachConnector(chosen, async (service) => {
      const planned = await planConnector(url, service);
      const { exists, changes } = planned;
      return { ok: exists && changes.length === 0, lines: planLines(planned), json: { exists, changes } };
    });

  const plan: Command = async (chosen, flags) => ({ ...(await drift(chosen, flags)), ok: true });

  const apply: Command = (chosen, flags) =>
    forEachConnector(chosen, async (service) => {
      const connector = nameOf(service);
      const { applied } = await applyConnector(service, {
        ...wait,
        url,
        ...(flags.allowDangerous ? { dangerous: 'allow' } : {}),
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
    forEachConnector(chosen, async (service) => {
      const connector = nameOf(service);
      const [state, slot] = await Promise.all([connectorState(url, connector), slotOf(stack, service)]);
      const findings = judgeSlot(service, slot);
      return {
        ok: state?.kind === 'running' && findings.every(({ level }) => level === 'warning'),
        lines: [
          `${connector}: ${state?.kind ?? 'does not exist in Connect; create it: npm run connectors -- apply'}${reasonLine(state)}`,
          `  slot ${slotLine(slot)}`,
          ...findings.map(({ sentence, remedy }) => `  ${sentence}\n    ${remedy}`),
        ],
        json: { state: state ?? null, slot: slot.state, findings },
      };
    });

  const restart: Command = (chosen, { failed }) =>
    forEachConnector(chosen, async (service) => {
      const connector = nameOf(service);
      if ((await connectorState(url, connector)) === undefined) throw missingConnector(connector);
      await restartConnector(url, connector, failed ? 'failed' : 'all');
      const state = await awaitRunning(service, { ...wait, url });
      return { ok: state === 'running', lines: [`${connector}: ${state}`], json: { state } };
    });

  const transition =
    (action: 'pause' | 'resume' | 'stop'): Command =>
    (chosen) =>
      forEachConnector(chosen, async (service) => {
        const connector = nameOf(service);
        await setState(url, connector, action, wait);
        const state = await connectorState(url, connector);
        return {
          ok: state?.kind === (action === 'resume' ? 'running' : 'paused'),
          lines: [
            `${connector}: ${state?.kind === 'paused' && action === 'stop' ? 'stopped' : (state?.kind ?? 'does not exist in Connect')}${reasonLine(state)}`,
          ],
          json: { state: state ?? null },
        };
      });

  const offsetsGet: Command = (chosen) =>
    forEachConnector(chosen, async (service) => {
      const connector = nameOf(service);
      const [stored, slot] = await Promise.all([storedOffsets(url, connector), slotOf(stack, service)]);
      return {
        ok: true,
        lines: [
          ...(stored.length === 0 ? [`${connector}: no offset is stored`] : []),
          ...stored.map(({ lsn, raw }) => `${connector}: stored ${lsn ?? ''} ${JSON.stringify(raw)}`),
          `  slot ${slotLine(slot)}`,
        ],
        json: { stored, slot: slot.state },
      };
    });

  const expectStopped = async (connector: string): Promise<void> => {
    const { status: code, body } = await callConnect(`${url}/connectors/${connector}/status`);
    if (code === 404) throw missingConnector(connector);
    if (!(isObject(body) && isObject(body['connector']) && body['connector']['state'] === 'STOPPED'))
      throw failure(
        `the connector ${connector} is not stopped; stop it: npm run connectors -- stop --connector ${connector}`,
      );
  };

  const offsetsReset: Command = (chosen, flags) =>
    forEachConnector(chosen, async (service) => {
      const connector = nameOf(service);
      await expectStopped(connector);
      const before = await offsetsGet([service], flags);
      const slot = await slotOf(stack, service);
      const [problem] = judgeSlot(service, slot).filter(
        ({ problem: name }) => name === 'missing' || name === 'lost',
      );
      const consequence =
        problem === undefined
          ? '  after the reset the connector starts at the position of its slot: it repeats at most the events between that position and the stored offset, and takes no snapshot'
          : `  ${problem.sentence}\n    a reset does not publish these events; instead: ${problem.remedy}`;
      if (!flags.yes)
        return {
          ok: false,
          lines: [
            ...before.lines,
            consequence,
            '  nothing was changed; add --yes to delete the stored offset',
          ],
          json: { reset: false },
        };
      await resetOffsets(url, connector, wait);
      return {
        ok: true,
        lines: [...before.lines, consequence, `${connector}: reset`],
        json: { reset: true },
      };
    });

  const remove: Command = (chosen, { yes }) =>
    forEachConnector(chosen, async (service) => {
      const connector = nameOf(service);
      const { slot } = services[service].database;
      await expectStopped(connector);
      const before = await slotOf(stack, service);
      if (!yes)
        return {
          ok: false,
          lines: [
            `${connector}: would be deleted from Connect with its offsets, then its slot would be dropped`,
            `  slot ${slotLine(before)}`,
            '  nothing was changed; add --yes if the events of this service are no longer needed',
          ],
          json: { removed: false },
        };
      await resetOffsets(url, connector, wait);
      const reply = await callConnect(`${url}/connectors/${connector}`, { method: 'DELETE' });
      if (reply.status >= 300)
        throw failure(`Kafka Connect does not delete ${connector}: ${refusalOf(reply)}`);
      // The slot is dropped last, because a connector without its slot waits for up to half an hour without an error. The slot is
      // not kept, because it would retain WAL until PostgreSQL invalidates it.
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
