// The one transaction. HTTP commands, Kafka events and timers all enter here: claim the input, load and lock the state,
// decide, save, append to the outbox and, for what a person did, to the audit log, commit. Claim, effect, events and entry
// stand or fall together, so a process may die at any instruction and the input is either handled whole or, when it comes
// again, not handled yet.
// Nothing is caught in here and nothing remote is called: both would hold locks over something that may never answer.
import type { Attributes } from '@opentelemetry/api';
import type { DomainEvent } from '../../../schemas/generated/events.ts';
import { recordAction } from '../audit-log/audit-log.ts';
import type { Database, Transaction } from '../database/database.ts';
import type { Accepted, Decision, Ignored } from './decision/decision.ts';
import type { Measurement } from './decision/measurement.ts';
import { messageKeyOf, type EventCodec } from '../event-codec/event-codec.ts';
import type { Faults } from '../process/faults.ts';
import { appendToOutbox, type Cause } from './outbox.ts';
import { inSpan, type Traced } from '../telemetry/tracing.ts';

/** An input with its identity: `id` is the event's or request's id, `at` the time the decision may know. */
export interface Message<Input> extends Cause {
  readonly input: Input;
}

/** What makes an input take effect once. */
export interface Claim<State, Prior> {
  /** First statement of the transaction. Not taken: somebody handled this input before, with this result. */
  take(tx: Transaction, now: Date): Promise<{ taken: true } | { taken: false; prior: Prior }>;
  /** Last statement of the transaction: keeps what came of it. */
  settle(tx: Transaction, decision: Accepted<State, DomainEvent> | Ignored): Promise<void>;
}

/** For inputs whose decision is idempotent by itself, such as a sweep that looks at the locked row again. */
export const unclaimed: Claim<unknown, never> = {
  take: () => Promise.resolve({ taken: true }),
  settle: () => Promise.resolve(),
};

/**
 * Loads, decides and saves one kind of state. `load` locks what `decide` depends on, in an order all callers share.
 * `save` also sees ignored inputs, for handlers that keep a trail of them.
 */
export interface CommandHandler<Input, State, Next = State> {
  load(tx: Transaction, input: Input): Promise<State>;
  decide(input: Input, state: State): Decision<Next, DomainEvent>;
  save(
    tx: Transaction,
    before: State,
    decision: Accepted<Next, DomainEvent> | Ignored,
    message: Message<Input>,
  ): Promise<void>;
  /** Pure: what is worth counting of an accepted input; nothing when absent. */
  measurements?(before: State, after: Next): readonly Measurement[];
}

/** What a transaction has brought about, told once it is committed: what was rolled back never happened. */
export interface Committed {
  readonly events: readonly DomainEvent[];
  readonly measurements: readonly Measurement[];
}

/** The decision was that this cannot be. Thrown through the transaction, so that nothing of it stays. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
  readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

export type Handled<State, Next, Prior> =
  | Accepted<Next, DomainEvent>
  | (Ignored & { readonly state: State })
  | { readonly kind: 'duplicate'; readonly prior: Prior };

export interface Shell {
  readonly db: Database;
  readonly codec: EventCodec;
  /** Counts; it must not throw, for the input is handled by then. */
  readonly committed?: (committed: Committed) => void;
  /** Only where faults on purpose are enabled. */
  readonly faults?: Faults;
}

/**
 * Handles one input in one transaction.
 * @throws Rejected when the decision is a rejection, InvalidEvent when an event breaks its schema, and the driver's error
 * when the database fails; in every case nothing was written.
 */
export function handle<Input, State, Next, Prior>(
  { db, codec, committed, faults }: Shell,
  handler: CommandHandler<Input, State, Next>,
  given: Message<Input>,
  claim: Claim<NoInfer<Next>, Prior>,
): Promise<Handled<State, Next, Prior>> {
  const { traceparent: parent } = given.context;
  let measurements: readonly Measurement[] = [];
  const transaction = async ({ span, traceparent }: Traced): Promise<Handled<State, Next, Prior>> => {
    const message = { ...given, context: { ...given.context, traceparent } };
    const appended: Traced[] = [];
    const handled = await db.transaction(async (tx): Promise<Handled<State, Next, Prior>> => {
      span.addEvent('begun');
      const claimed = await claim.take(tx, message.at);
      if (!claimed.taken) return { kind: 'duplicate', prior: claimed.prior };
      await faults?.reach('after-claim', message.context.actor);

      const before = await handler.load(tx, message.input);
      const decision = handler.decide(message.input, before);
      if (decision.kind === 'rejected') throw new Rejected(decision.code, decision.detail);

      await handler.save(tx, before, decision, message);
      if (decision.kind === 'accepted')
        appended.push(...(await appendToOutbox(tx, codec, decision.events, message)));
      await recordDecision(tx, decision, message);
      await claim.settle(tx, decision);
      await faults?.reach('after-effects', message.context.actor);
      if (decision.kind === 'ignored') return { ...decision, state: before };
      measurements = handler.measurements?.(before, decision.state) ?? [];
      return decision;
    });
    // Only now is there anything to tell of: a span of an event that was rolled back is never ended, so never exported.
    for (const event of appended) event.span.end();
    if (handled.kind === 'accepted') committed?.({ events: handled.events, measurements });
    return handled;
  };
  return inSpan('transaction', { parent, attributes: { 'db.system.name': 'postgresql' } }, transaction, told);
}

/** What the span of the transaction says of it; nothing when the input had been handled before. */
const told = (handled: Handled<unknown, unknown, unknown>): Attributes | undefined => {
  if (handled.kind === 'duplicate') return undefined;
  const reason = handled.kind === 'ignored' ? { 'orderflow.reason': handled.reason } : {};
  return { 'orderflow.outcome': handled.kind, ...reason };
};

/** What a new thing is called is known by its first event only. A rejection leaves nothing here; the HTTP edge records it. */
const recordDecision = async (
  tx: Transaction,
  decision: Accepted<unknown, DomainEvent> | Ignored,
  { context: { action }, at }: Cause,
): Promise<void> => {
  if (!action) return;
  if (decision.kind === 'ignored') {
    await recordAction(tx, action, { outcome: 'ignored', code: decision.reason }, at);
    return;
  }
  const [first] = decision.events;
  const resource = action.resource ?? (first && messageKeyOf(first));
  await recordAction(tx, action, { outcome: 'accepted', resource }, at);
};
