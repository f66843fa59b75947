// Reads the latest charges from the provider's ledger over HTTP.
import { z } from 'zod';
import type { Facts } from './domain/facts.ts';

const ledgerSchema = z.object({
  charges: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      amountMinor: z.number(),
      reference: z.string(),
      createdAt: z.string(),
    }),
  ),
  refunds: z.array(z.object({ chargeId: z.string(), amountMinor: z.number(), createdAt: z.string() })),
});

/** Reads the newest `limit` charges and returns those that succeeded. */
export const readLedger = async (
  gatewayUrl: string,
  limit: number,
): Promise<Pick<Facts, 'charges' | 'chargesSince'>> => {
  const response = await fetch(new URL(`/v1/ledger?limit=${limit}`, gatewayUrl), {
    signal: AbortSignal.timeout(5_000),
  });
  if (!response.ok) throw new Error(`the gateway's ledger answered ${response.status}`);
  const { charges, refunds } = ledgerSchema.parse(await response.json());
  const refundsOf = Map.groupBy(refunds, (refund) => refund.chargeId);
  const [oldest] = charges;
  const isWhole = oldest === undefined || charges.length < limit;
  const successful = charges
    .filter((charge) => charge.status === 'succeeded')
    .map(({ id, reference, amountMinor, createdAt }) => {
      const returned = refundsOf.get(id) ?? [];
      return {
        id,
        reference,
        amountMinor,
        refundedMinor: returned.reduce((sum, refund) => sum + refund.amountMinor, 0),
        at: Math.max(Date.parse(createdAt), ...returned.map((refund) => Date.parse(refund.createdAt))),
      };
    });
  return { charges: successful, chargesSince: isWhole ? -Infinity : Date.parse(oldest.createdAt) };
};
