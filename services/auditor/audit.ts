// The auditor's loop: look, check, confirm, compare with the look before. Only what is new and what is over is logged; the
// report always says everything.
import type { Logger } from '../platform/process/logger.ts';
import { check, confirm, invariants, type Finding, type Invariant } from './domain/checks.ts';
import { outstanding, unpublished } from './domain/deliveries.ts';
import type { Facts } from './domain/facts.ts';
import { mismatches, type Mismatch } from './domain/mismatches.ts';
import { stuckOrders, type StuckOrder } from './domain/stuck.ts';
import { readFacts, type Sources } from './read-facts.ts';
import type { Scope } from './fact-queries.ts';

export { invariants, type Finding, type Invariant, type Mismatch, type StuckOrder };

export interface AuditSettings extends Scope {
  readonly graceMs: number;
  readonly deadlineMs: number;
}

/** What one look counted. */
export interface Figures {
  readonly orders: number;
  readonly products: number;
  readonly charges: number;
  readonly outboxRows: number;
  readonly topicRecords: number;
  readonly deliveriesUnderWay: number;
  /** What the provider holds, minor units over all currencies. */
  readonly netCapturedMinor: number;
  readonly durationMs: number;
}

export interface Report {
  readonly status: 'ok' | 'violated';
  readonly checkedAt: Date;
  /** False when the topics could not be read to their ends: nothing is said about them then. */
  readonly topicsRead: boolean;
  readonly violations: readonly Finding[];
  readonly inFlight: readonly Finding[];
  readonly stuck: readonly StuckOrder[];
  readonly figures: Figures;
}

export interface Auditor {
  /** Looks once. Rejects when a database or the provider cannot be looked at. */
  readonly look: () => Promise<Report>;
  /** The report of the last look. */
  readonly latest: () => Report | undefined;
  /** The differences between the services in the facts of the last look. */
  readonly mismatches: () => readonly Mismatch[];
}

const figuresOf = (facts: Facts, durationMs: number): Figures => ({
  orders: facts.orders.size,
  products: facts.stock.length,
  charges: facts.charges.length,
  outboxRows: facts.outbox.length,
  topicRecords: facts.records?.size ?? 0,
  deliveriesUnderWay: outstanding(facts).filter(({ state }) => state === 'under_way').length,
  netCapturedMinor: facts.charges.reduce((sum, charge) => sum + charge.amountMinor - charge.refundedMinor, 0),
  durationMs,
});

/** Violations that are only in `after`, and those that are only in `before`. */
const changes = (before: readonly Finding[], after: readonly Finding[]) => {
  const [old, now] = [before, after].map((all) => new Set(all.map((finding) => finding.id)));
  return {
    appeared: after.filter(({ id }) => old?.has(id) !== true),
    cleared: before.filter(({ id }) => now?.has(id) !== true),
  };
};

export function createAuditor(sources: Sources, settings: AuditSettings, logger: Logger): Auditor {
  let findings: readonly Finding[] = [];
  let carried: readonly string[] = [];
  let facts: Facts | undefined;
  let report: Report | undefined;

  const look = async (): Promise<Report> => {
    const started = performance.now();
    const seen = await readFacts(sources, settings, carried);
    const now = Date.now();
    const patience = { now, ...settings };
    const current = check(seen, patience);
    // What nobody could look at keeps the state it had.
    const kept = seen.records ? [] : findings.filter((finding) => isOfTopics(finding.invariant));
    const before = findings;
    findings = [...confirm(before, current), ...kept];
    facts = seen;
    if (seen.records) carried = unpublished(seen).map((row) => row.id);
    const violations = findings.filter(({ state }) => state === 'broken');
    const { appeared, cleared } = changes(
      before.filter(({ state }) => state === 'broken'),
      violations,
    );
    for (const { invariant, key, sentence } of appeared) {
      logger.error('invariant violated', { invariant, key, sentence });
    }
    for (const { invariant, key } of cleared) logger.info('invariant holds again', { invariant, key });
    report = {
      status: violations.length === 0 ? 'ok' : 'violated',
      checkedAt: new Date(now),
      topicsRead: seen.records !== null,
      violations,
      inFlight: findings.filter(({ state }) => state === 'in_flight'),
      stuck: stuckOrders(seen, patience),
      figures: figuresOf(seen, Math.round(performance.now() - started)),
    };
    return report;
  };

  return {
    look,
    latest: () => report,
    mismatches: () => (facts ? mismatches(facts, { now: Date.now(), ...settings }) : []),
  };
}

const isOfTopics = (invariant: Invariant): boolean =>
  invariant === 'outbox_published' || invariant === 'nothing_uncommitted';
