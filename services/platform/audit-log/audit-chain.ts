// The hash chain over the audit log, as functions of rows. Every hash covers the one before it, so whoever changes, removes,
// adds or swaps what is sealed would have to seal everything after it anew. Against that, and against an end that is cut
// off, no chain helps from within: an anchor does, a position with its hash that was kept elsewhere.
import { createHash } from 'node:crypto';
import type { auditLog, auditSeals } from '../../../drizzle/messaging/schema.ts';

export type AuditEntry = typeof auditLog.$inferSelect;
export type AuditSeal = typeof auditSeals.$inferSelect;

/** A point of the chain; the one an empty chain ends at has position 0. */
export interface ChainPoint {
  readonly position: number;
  readonly hash: string;
}

export const chainStart: ChainPoint = { position: 0, hash: '0'.repeat(64) };

/** One text per entry and no text for two: a JSON array of all columns in this order, instants in ISO 8601. */
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

/** SHA-256 over the previous hash, the position and the entry; 64 hexadecimal digits. */
export const hashAfter = (previous: ChainPoint, entry: AuditEntry): string =>
  createHash('sha256')
    .update(`${previous.hash}\n${previous.position + 1}\n${canonical(entry)}`)
    .digest('hex');

/** The seals that continue a chain with these entries. */
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

/** A seal and the entry it names, null when there is no such entry any more. */
export interface Link {
  readonly seal: AuditSeal;
  readonly entry: AuditEntry | null;
}

/** The first position at which a chain does not hold, and what is wrong there. */
export interface Break {
  readonly position: number;
  readonly sentence: string;
}

export const missingSeal = (position: number): Break => ({
  position,
  sentence: `The seal at position ${position} is missing.`,
});

/** Follows the chain from a point over the next links, in the order of their positions. */
export function followChain(
  from: ChainPoint,
  links: readonly Link[],
): { readonly to: ChainPoint; readonly broken?: Break } {
  let to = from;
  for (const { seal, entry } of links) {
    const position = to.position + 1;
    const broken = (sentence: string) => ({ to, broken: { position, sentence } });
    if (seal.position !== position) return { to, broken: missingSeal(position) };
    if (seal.previousHash !== to.hash)
      return broken(`The seal at position ${position} does not continue the one before it.`);
    if (!entry) return broken(`The entry that was sealed at position ${position} is missing.`);
    if (seal.hash !== hashAfter(to, entry))
      return broken(`The entry at position ${position} is not the one that was sealed.`);
    to = seal;
  }
  return { to };
}

/** What speaks against an anchor, given the hash that the chain has at its position; undefined past its end. */
export function anchorBreak(anchor: ChainPoint, hashThere: string | undefined): Break | undefined {
  const { position } = anchor;
  if (hashThere === undefined)
    return { position, sentence: `The chain ends before position ${position}, where the anchor is.` };
  return hashThere === anchor.hash
    ? undefined
    : { position, sentence: `The chain has another hash than the anchor at position ${position}.` };
}
