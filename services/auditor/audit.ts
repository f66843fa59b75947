// An audit reads the facts, checks the invariants, and confirms the findings against the previous audit. Violations are logged only
// when they begin and when they end; the report always has all of them.
import type { Logger } from '../platform/process/logger.ts';
import { check, confirm, findUnchecked, invariants, type Finding } from './domain/checks.ts';
import { findOutstanding, findUnpublished } from './domain/deliveries.ts';
import type { Facts } from './domain/facts.ts';
import { findMismatches, type Mismatch } from './domain/mismatches.ts';
import { findStuckOrders, type StuckOrder } from './domain/stuck.ts';
import { readFacts, type Sources } from './read-facts.ts';
import type { Scope } from './fact-queries.ts';

export { invariants, type Finding, type Mismatch };

interface AuditSettings extends Scope {
  readonly graceMs: number;
  readonly deadlineMs: number;
}

/** The numbers of one audit. */
interface ReportCounts {
  readonly orders: number;
  readonly products: number;
  readonly charges: number;
  readonly outboxRows: number;
  readonly topicRecords: number;
  readonly deliveriesUnderWay: number;
  /** Captured minus refunded amounts of the charges that were read, in minor units, summed over all currencies. */
  readonly netCapturedMinor: number;
  readonly durationMs: number;
}

export interface Report {
  readonly status: 'ok' | 'violated';
  readonly checkedAt: Date;
  /** False when the topics could not be read to their ends; then they were not checked, and earlier findings about them stay. */
  readonly topicsRead: boolean;
  readonly violations: readonly Finding[];
  readonly inFlight: readonly Finding[];
  readonly stuck: readonly StuckOrder[];
  readonly figures: ReportCounts;
}

export interface Auditor {
  /** Audits once. Rejects when a database or the provider does not answer. */
  readonly run: () => Promise<Report>;
  /** The report of the last audit. */
  readonly latest: () => Report | undefined;
  /** The differences between the services in the facts of the last audit. */
  readonly mismatches: () => readonly Mismatch[];
}

const countFacts = (facts: Facts, durationMs: number): ReportCounts => ({
  orders: facts.orders.size,
  products: facts.stock.length,
  charges: facts.charges.length,
  outboxRows: facts.outbox.length,
  topicRecords: facts.records?.size ?? 0,
  deliveriesUnderWay: findOutstanding(facts).filter(({ state }) => state === 'in_flight').length,
  netCapturedMinor: facts.charges.reduce((sum, charge) => sum + charge.amountMinor - charge.refundedMinor, 0),
  durationMs,
});

/** The findings that are only in `after`, and those that are only in `before`. */
const compareFindings = (before: readonly Finding[], after: readonly Finding[]) => {
  const [earlier, current] = [before, after].map((all) => new Set(all.map((finding) => finding.id)));
  return {
    appeared: after.filter(({ id }) => earlier?.has(id) !== true),
    cleared: before.filter(({ id }) => current?.has(id) !== true),
  };
};

export function createAuditor(sources: Sources, settings: AuditSettings, logger: Logger): Auditor {
  let findings: readonly Finding[] = [];
  let unpublishedIds: readonly string[] = [];
  let facts: Facts | undefined;
  let report: Report | undefined;

  const run = async (): Promise<Report> => {
    const started = performance.now();
    const read = await readFacts(sources, settings, unpublishedIds);
    const now = Date.now();
    const timing = { now, ...settings };
    const current = check(read, timing);
    const before = findings;
    findings = [...confirm(before, current), ...findUnchecked(before, current, read)];
    facts = read;
    if (read.records) unpublishedIds = findUnpublished(read).map((row) => row.id);
    const violations = findings.filter(({ state }) => state === 'broken');
    const { appeared, cleared } = compareFindings(
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
      topicsRead: read.records !== null,
      violations,
      inFlight: findings.filter(({ state }) => state === 'in_flight'),
      stuck: findStuckOrders(read, timing),
      figures: countFacts(read, Math.round(performance.now() - started)),
    };
    return report;
  };

  return {
    run,
    latest: () => report,
    mismatches: () => (facts ? findMismatches(facts, { now: Date.now(), ...settings }) : []),
  };
}
