// Reads the report of the auditor on the whole stack. Many fault tests end with a check of this report.
import { z } from 'zod';
import { call, eventually } from './shop.ts';

const auditShape = z.object({
  status: z.string(),
  checkedAt: z.string(),
  topicsRead: z.boolean(),
  violations: z.array(z.object({ invariant: z.string(), key: z.string(), sentence: z.string() })),
  inFlight: z.number(),
  stuck: z.array(
    z.object({ orderId: z.string(), status: z.string(), waitsFor: z.string(), missing: z.array(z.string()) }),
  ),
  figures: z.record(z.string(), z.number()),
});
export type Audit = z.infer<typeof auditShape>;

export const audit = async (): Promise<Audit> => auditShape.parse((await call('auditor', '/audit')).body);

/**
 * Waits for an audit that finds no violation, nothing in flight and no stuck order. `checkedAt` is the time at which an audit
 * finished reading its data. An audit that was already reading at this call may have read older data, so `checkedAt` must be more
 * than a second after this call.
 */
export async function expectAuditorGreen(): Promise<Audit> {
  const calledAt = Date.now();
  return eventually(
    'the auditor reports no problem',
    async () => {
      const report = await audit();
      const { status, checkedAt, topicsRead, inFlight, stuck } = report;
      const isFresh = Date.parse(checkedAt) > calledAt + 1_000 && topicsRead;
      if (!isFresh || status !== 'ok' || inFlight > 0 || stuck.length > 0)
        throw new Error(JSON.stringify(report));
      return report;
    },
    90_000,
  );
}

/** Waits until the auditor reports a violation of the invariant, with a key that starts with `key`. */
export const violationOf = (invariant: string, key: string): Promise<Audit['violations'][number]> =>
  eventually(`the auditor reports ${invariant} for ${key}`, async () => {
    const { violations } = await audit();
    const violation = violations.find(
      (candidate) => candidate.invariant === invariant && candidate.key.startsWith(key),
    );
    if (!violation) throw new Error(JSON.stringify(violations));
    return violation;
  });
