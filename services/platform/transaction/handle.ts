// The transaction in which HTTP commands, Kafka events and timers take effect: claim the input (an inbox row or an
// Idempotency-Key), load and lock the state, decide, save, append to the outbox and, for an action of a person, to the audit log,
// commit. Because the transaction is atomic, a process may die at any instruction: the input is either handled completely or still
// to be handled. For most inputs, the process waits for the database twice: for BEGIN with the state, and for all writes with COMMIT.
// The transaction contains no remote call, because its locks would be held for as long as the call takes. `handle` catches no errors.
import type { Attributes } from '@opentelemetry/api';
import type { DomainEvent } from '../../../schemas/generated/events.ts';
import { recordAction } from '../audit-log/audit-log.ts';
import { send, type Database, type Statement, type Transaction } from '../database/database.ts';
import type { Accepted, Decision, Ignored } from './decision/decision.ts';
import type { Measurement } from './decision/measurement.ts';
import { messageKeyOf, type EventCodec } from '../event-codec/event-codec.ts';
import type { Faults } from '../process/faults.ts';
import { outboxRows, type Cause } from './outbox.ts';
import type { SharedTransactions } from './shared-transaction.ts';
import { inSpan, type Traced } from '../telemetry/tracing.ts';

/** An input with its identity: `id` is the id of the event, request or sweep, `at` the time at which the input is decided. */
export interface Message<Input> extends Cause {
  readonly input: Input;
  /** The message key of an event: the id of the entity that it locks. */
  readonly key?: string | undefined;
}

/** Makes an input take effect only once: stores that the input was handled, in the same transaction. */
export interface Claim<State, Prior> {
  /** Sent first in the transaction. `taken: false`: the input was handled before, with the result `prior`. */
  take(tx: Transaction, now: Date): Promise<{ taken: true } | { taken: false; prior: Prior }>;
  /** Sent last in the transaction: stores the result. */
  settle(
    tx: Transaction,
    decision: Accepted<State, DomainEvent> | Ignored,
  ): readonly Statement[] | Promise<readonly Statement[]>;
}

/** For inputs whose decision is idempotent by itself: a sweep, for example, reads the row again under its lock. */
export const unclaimed: Claim<unknown, never> = {
  take: () => Promise.resolve({ taken: true }),
  settle: () => [],
};

/** Loads, decides and saves one kind of state. */
export interface CommandHandler<Input, State, Next = State> {
  /**
   * Loads the state that `decide` depends on. It locks what the decision changes, in a sequence that all callers share. It is sent
   * together with the claim, so it also runs for duplicates: it may lock rows, and insert an empty row to lock it, but not change
   * rows.
   */
  load(tx: Transaction, input: Input): Promise<State>;
  /**
   * Statements that lock the rows of several inputs that share a transaction, in the sequence in which `load` locks them. Needed
   * when inputs of different keys lock the same rows: without it, two transactions could deadlock. The inputs then run one after
   * the other, because a lock does not protect a row from its own transaction.
   */
  lockAll?(tx: Transaction, inputs: readonly Input[]): readonly Statement[];
  /** Pure. */
  decide(input: Input, state: State): Decision<Next, DomainEvent>;
  /**
   * Returns the statements that store the decision, and sends none. It is also called for ignored inputs, so that a handler can
   * record them.
   */
  save(
    tx: Transaction,
    before: State,
    decision: Accepted<Next, DomainEvent> | Ignored,
    message: Message<Input>,
  ): readonly Statement[];
  /** Pure: the measurements of an accepted input; none when absent. */
  measurements?(before: State, after: Next): readonly Measurement[];
}

/** The effects of a transaction, reported once it is committed. */
export interface Committed {
  readonly events: readonly DomainEvent[];
  readonly measurements: readonly Measurement[];
}

/** The error for a decision that is a rejection. Throwing the error rolls the transaction back. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
  readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

type Handled<State, Next, Prior> =
  | Accepted<Next, DomainEvent>
  | (Ignored & { readonly state: State })
  | { readonly kind: 'duplicate'; readonly prior: Prior };

export interface Shell {
  readonly db: Database;
  readonly codec: EventCodec;
  /** Set in the consumer: events that wait at the same time may share a transaction. */
  readonly shared?: SharedTransactions;
  /** Counts events and measurements after the commit. It must not throw: the input is already handled. */
  readonly committed?: (committed: Committed) => void;
  /** Set only when fault injection is enabled. */
  readonly faults?: Faults;
}

/**
 * Handles one input in one transaction.
 * @throws Rejected when the decision or the claim refuses the input, InvalidEvent when an event breaks its schema or has no message
 * key, DependencyUnavailable when no schema id or no connection is available, and the error of Drizzle or of the driver when the
 * database fails. Nothing was committed, except possibly when the connection is lost during COMMIT: then the claim shows whether
 * the input was handled.
 */
export function handle<Input, State, Next, Prior>(
  { db, codec, shared, committed, faults }: Shell,
  handler: CommandHandler<Input, State, Next>,
  given: Message<Input>,
  claim: Claim<NoInfer<Next>, Prior>,
): Promise<Handled<State, Next, Prior>> {
  const { traceparent: parent } = given.context;
  let measurements: readonly Measurement[] = [];
  const transaction = async ({ span, traceparent }: Traced): Promise<Handled<State, Next, Prior>> => {
    const message = { ...given, context: { ...given.context, traceparent } };
    let appended: readonly Traced[] = [];
    const run = async (tx: Transaction): Promise<Handled<State, Next, Prior>> => {
      span.addEvent('begun');
      // A shared transaction may call this function a second time.
      [appended, measurements] = [[], []];
      const [claimed, before] = await Promise.all([
        claim.take(tx, message.at),
        handler.load(tx, message.input),
      ]);
      if (!claimed.taken) return { kind: 'duplicate', prior: claimed.prior };
      await faults?.reach('after-claim', message.context.actor);

      const decision = handler.decide(message.input, before);
      if (decision.kind === 'rejected') throw new Rejected(decision.code, decision.detail);

      const events = decision.kind === 'accepted' ? decision.events : [];
      const outbox = outboxRows(tx, codec, events, message);
      appended = outbox.spans;
      const effects = send([
        ...handler.save(tx, before, decision, message),
        ...outbox.statements,
        ...auditEntry(tx, decision, message),
      ]);
      const settled = send(await claim.settle(tx, decision));
      if (faults) {
        await Promise.all([effects, settled]);
        await faults.reach('after-effects', message.context.actor);
      }
      if (decision.kind === 'ignored') return { ...decision, state: before };
      measurements = handler.measurements?.(before, decision.state) ?? [];
      return decision;
    };
    const { key = '', input } = message;
    const handled = await (shared ? shared.run({ key, handler, input, run }) : db.transaction(run));
    // Ended only after the commit, so that the span of a rolled-back event is never exported.
    for (const event of appended) event.span.end();
    if (handled.kind === 'accepted') committed?.({ events: handled.events, measurements });
    return handled;
  };
  return inSpan(
    'transaction',
    { parent, attributes: { 'db.system.name': 'postgresql' } },
    transaction,
    attributesOf,
  );
}

/** Attributes of the transaction's span; none when the input had been handled before. */
const attributesOf = (handled: Handled<unknown, unknown, unknown>): Attributes | undefined => {
  if (handled.kind === 'duplicate') return undefined;
  const reason = handled.kind === 'ignored' ? { 'orderflow.reason': handled.reason } : {};
  return { 'orderflow.outcome': handled.kind, ...reason };
};

/** The audit log's entry of a person's action; a rejection is recorded by the HTTP edge. */
const auditEntry = (
  tx: Transaction,
  decision: Accepted<unknown, DomainEvent> | Ignored,
  { context: { action }, at }: Cause,
): readonly Statement[] => {
  if (!action) return [];
  if (decision.kind === 'ignored')
    return [recordAction(tx, action, { outcome: 'ignored', code: decision.reason }, at)];
  // An action that creates an order or product has no resource yet; the key of its first event is the new id.
  const [first] = decision.events;
  const resource = action.resource ?? (first && messageKeyOf(first));
  return [recordAction(tx, action, { outcome: 'accepted', resource }, at)];
};
