// Passes a delivered event to `handle`. The event id is the id of the input, and the inbox row stores it.
import type { EventType } from '../../../schemas/generated/events.ts';
import type { Incoming, Outcome } from './consumer.ts';
import { handle, type CommandHandler, type Shell } from '../transaction/handle.ts';
import { inboxClaim } from '../transaction/inbox.ts';

/** A subscription that handles each event of type `T`, turned into an input, with a command handler. */
export const handledBy = <T extends EventType, Input, State, Next>(
  shell: Shell,
  handler: CommandHandler<Input, State, Next>,
  toInput: (incoming: Incoming<T>) => Input,
  afterCommit: (state: Next) => void = () => undefined,
) => {
  const { shared: _, ...alone } = shell;
  return async (incoming: Incoming<T>): Promise<Outcome> => {
    const { event, key, delivery, context, at } = incoming;
    const message = { id: event.metadata.eventId, key, context, at, input: toInput(incoming) };
    // An event that has failed before gets a separate transaction: in a shared one it would fail the other events too.
    const on = delivery.attempts > 1 ? alone : shell;
    const handled = await handle(on, handler, message, inboxClaim(delivery));
    if (handled.kind === 'accepted') afterCommit(handled.state);
    return handled.kind === 'ignored' ? { kind: 'ignored', reason: handled.reason } : { kind: handled.kind };
  };
};
