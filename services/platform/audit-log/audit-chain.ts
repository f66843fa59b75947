// The hash chain over the audit log. These functions work on rows in memory. Every hash covers the previous hash, so a change,
// removal, insertion or swap breaks the chain from there on. The chain alone cannot reveal that its end was cut off or that all of
// its hashes were recomputed. An anchor can: it is a position and its hash, stored outside the database.
import { createHash } from 'node:crypto';
import type { auditLog, auditSeals } from '../../../drizzle/messaging/schema.ts';

export type AuditEntry = typeof auditLog.$inferSelect;
export type AuditSeal = typeof auditSeals.$inferSelect;

/** The end of an empty chain has position 0. */
export interface ChainPoint {
  readonly position: number;
  readonly hash: string;
}

export const chainStart: ChainPoint = { position: 0, hash: '0'.repeat(64) };

/** The text of an entry that is hashed: a JSON array of all columns in this sequence. Different entries have different texts. */
export const canonical = (entry: AuditEntry): string =>
  JSON.stringify([
    entry.id,
    entry.transaction,
    entry.at.toISOString(),
    entry.subject,
    entry.roles,
    entry.action,
    entry.resource,
    entry.outcome,
    entry.status,
    entry.code,
    entry.correlationId,
    entry.requestId,
  ]);

/** SHA-256 of the previous hash, the position and the entry; 64 hexadecimal digits. */
export const hashAfter = (previous: ChainPoint, entry: AuditEntry): string =>
  createHash('sha256')
    .update(`${previous.hash}\n${previous.position + 1}\n${canonical(entry)}`)
    .digest('hex');

/** The seals of these entries; the first one continues the chain at `head`. */
export function sealEntries(head: ChainPoint, entries: readonly AuditEntry[]): AuditSeal[] {
  let last = head;
  return entries.map((entry) => {
    const seal = {
      position: last.position + 1,
      entryId: entry.id,
      previousHash: last.hash,
      hash: hashAfter(last, entry),
    };
    last = seal;
    return seal;
  });
}

/** `entry` is null when the entry no longer exists. */
export interface Link {
  readonly seal: AuditSeal;
  readonly entry: AuditEntry | null;
}

/** The first position at which the chain is broken, and why. */
export interface Break {
  readonly position: number;
  readonly sentence: string;
}

export const missingSeal = (position: number): Break => ({
  position,
  sentence: `The seal at position ${position} is missing.`,
});

/** Verifies the links after `start`, which are sorted by position. */
export function followChain(
  start: ChainPoint,
  links: readonly Link[],
): { readonly end: ChainPoint; readonly broken?: Break } {
  let end = start;
  for (const { seal, entry } of links) {
    const position = end.position + 1;
    const broken = (sentence: string) => ({ end, broken: { position, sentence } });
    if (seal.position !== position) return { end, broken: missingSeal(position) };
    if (seal.previousHash !== end.hash)
      return broken(`The seal at position ${position} does not continue the previous seal.`);
    if (!entry) return broken(`The entry that was sealed at position ${position} is missing.`);
    if (seal.hash !== hashAfter(end, entry))
      return broken(`The entry at position ${position} differs from the sealed entry.`);
    end = seal;
  }
  return { end };
}

/** How the chain contradicts an anchor. `hash`: the chain's hash at the anchor's position, undefined when the chain is shorter. */
export function anchorBreak(anchor: ChainPoint, hash: string | undefined): Break | undefined {
  const { position } = anchor;
  if (hash === undefined)
    return { position, sentence: `The chain ends before position ${position}, the position of the anchor.` };
  return hash === anchor.hash
    ? undefined
    : { position, sentence: `The hash at position ${position} differs from the hash of the anchor.` };
}
