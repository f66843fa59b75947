// The auditor's word on the whole stack, as every test of faults ends with it.
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

/** The auditor, looking after this call, finds nothing broken, nothing in flight and nobody stuck. */
export async function expectAuditorGreen(): Promise<Audit> {
  const from = Date.now();
  return eventually(
    'the auditor finds everything in order',
    async () => {
      const report = await audit();
      const { status, checkedAt, topicsRead, inFlight, stuck } = report;
      const isFresh = Date.parse(checkedAt) > from + 1_000 && topicsRead;
      if (!isFresh || status !== 'ok' || inFlight > 0 || stuck.length > 0)
        throw new Error(JSON.stringify(report));
      return report;
    },
    90_000,
  );
}

/** The auditor's violation of the invariant that is about `key`, once it has one. */
export const violationOf = (invariant: string, key: string): Promise<Audit['violations'][number]> =>
  eventually(`the auditor reports ${invariant} of ${key}`, async () => {
    const { violations } = await audit();
    const found = violations.find((one) => one.invariant === invariant && one.key.startsWith(key));
    if (!found) throw new Error(JSON.stringify(violations));
    return found;
  });
