// The commands, except start, reset and test, by the name of their entry file. Tests read the help and check arguments without
// running the commands.
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { bench } from '../../bench/command.ts';
import { connectors } from '../../connectors/command.ts';
import { audit } from '../../doctor/audit.ts';
import { doctor } from '../../doctor/command.ts';
import { drill } from '../../drill/command.ts';
import { journey } from '../../journey/command.ts';
import { recover } from '../../recover/command.ts';
import { reconcile } from '../../recover/reconcile.ts';
import { schemas } from '../../schemas/command.ts';
import { messageOf } from '../../../schemas/tools/failure.ts';
import { alerts } from '../alerts.ts';
import { auditDependencies } from '../audit-dependencies.ts';
import { check } from '../check.ts';
import { images } from '../images/images.ts';
import { testMutations } from '../mutations.ts';
import { screenshots } from '../screenshots.ts';

export const commands: Readonly<Record<string, CommandUnknownOpts>> = {
  ...{ alerts, audit, bench, check, connectors, doctor, drill, images, journey, reconcile, recover },
  ...{ schemas, screenshots, mutations: testMutations, 'audit-dependencies': auditDependencies },
};

/** A command and its subcommands. */
export const withSubcommands = (command: CommandUnknownOpts): CommandUnknownOpts[] => [
  command,
  ...command.commands.flatMap(withSubcommands),
];

/**
 * Why a command refuses these arguments; undefined when it accepts them. The call replaces the actions, so the command does
 * nothing when it is run later.
 */
export const refusalOf = (command: CommandUnknownOpts, args: readonly string[]): string | undefined => {
  for (const each of withSubcommands(command)) {
    each.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    if (each.commands.length === 0) each.action(() => undefined);
  }
  try {
    command.parse(args, { from: 'user' });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
};
