// From a delivered event to the shell: the event's id is both the identity of the input and what the inbox claims.
import type { EventType } from '../../../schemas/generated/events.ts';
import type { Incoming, Outcome } from './consumer.ts';
import { handle, type CommandHandler, type Shell } from '../transaction/handle.ts';
import { inboxClaim } from '../transaction/inbox.ts';

/** A subscription that hands each event of type `T` to a command handler, as the input `toInput` makes of it. */
export const handledBy =
  <T extends EventType, Input, State, Next>(
    shell: Shell,
    handler: CommandHandler<Input, State, Next>,
    toInput: (incoming: Incoming<T>) => Input,
    afterCommit: (state: Next) => void = () => undefined,
  ) =>
  async (incoming: Incoming<T>): Promise<Outcome> => {
    const { event, delivery, context, at } = incoming;
    const message = { id: event.metadata.eventId, context, at, input: toInput(incoming) };
    const handled = await handle(shell, handler, message, inboxClaim(delivery));
    if (handled.kind === 'accepted') afterCommit(handled.state);
    return handled.kind === 'ignored' ? { kind: 'ignored', reason: handled.reason } : { kind: handled.kind };
  };
