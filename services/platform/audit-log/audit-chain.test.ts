// The tests tamper with a sealed log: they change a field, remove, insert or swap rows, cut off the end, or seal all rows again.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  anchorBreak,
  canonical,
  chainStart,
  followChain,
  hashAfter,
  sealEntries,
  type AuditEntry,
  type AuditSeal,
  type Link,
} from './audit-chain.ts';

const entry = (id: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  id,
  transaction: String(700 + id),
  at: new Date('2026-01-01T10:00:00.123Z'),
  subject: 'user-customer-001',
  roles: ['USER'],
  action: 'orders.place',
  resource: 'order-1',
  outcome: 'accepted',
  status: null,
  code: null,
  correlationId: 'correlation-1',
  requestId: 'request-1',
  ...more,
});

const text = fc.string({ unit: 'binary', maxLength: 12 });
const contents = fc.record({
  at: fc.date({ noInvalidDate: true }),
  subject: text,
  roles: fc.array(text, { maxLength: 3 }),
  action: text,
  resource: fc.option(text),
  outcome: fc.constantFrom('accepted', 'ignored', 'refused'),
  status: fc.option(fc.integer({ min: 400, max: 499 })),
  code: fc.option(text),
  correlationId: text,
  requestId: text,
});
/** A log of 1 to 12 sealed entries, as rows. */
const chains = fc
  .array(contents, { minLength: 1, maxLength: 12 })
  .map((all) => linked(all.map((more, index) => entry(index + 1, more))));

const linked = (entries: readonly AuditEntry[]): Link[] =>
  sealEntries(chainStart, entries).map((seal, index) => ({ seal, entry: entries[index] ?? null }));
const brokenAt = (links: readonly Link[]): number | undefined =>
  followChain(chainStart, links).broken?.position;
const changedText = (value: string | null): string => `${value ?? ''}x`;

/** For every column of an entry, a function that changes only this column. */
const entryChanges: { [K in keyof AuditEntry]: (row: AuditEntry) => AuditEntry } = {
  id: (row) => ({ ...row, id: row.id + 1_000 }),
  transaction: (row) => ({ ...row, transaction: `${row.transaction}0` }),
  at: (row) => ({ ...row, at: new Date(row.at.getTime() === 0 ? 1 : 0) }),
  subject: (row) => ({ ...row, subject: changedText(row.subject) }),
  roles: (row) => ({ ...row, roles: [...row.roles, 'ADMIN'] }),
  action: (row) => ({ ...row, action: changedText(row.action) }),
  resource: (row) => ({ ...row, resource: changedText(row.resource) }),
  outcome: (row) => ({ ...row, outcome: row.outcome === 'accepted' ? 'refused' : 'accepted' }),
  status: (row) => ({ ...row, status: (row.status ?? 400) + 1 }),
  code: (row) => ({ ...row, code: changedText(row.code) }),
  correlationId: (row) => ({ ...row, correlationId: changedText(row.correlationId) }),
  requestId: (row) => ({ ...row, requestId: changedText(row.requestId) }),
};
const sealChanges: { [K in keyof Omit<AuditSeal, 'entryId'>]: (seal: AuditSeal) => AuditSeal } = {
  position: (seal) => ({ ...seal, position: seal.position + 1_000 }),
  previousHash: (seal) => ({ ...seal, previousHash: 'f'.repeat(64) }),
  hash: (seal) => ({ ...seal, hash: 'f'.repeat(64) }),
};

/** Runs a property over random chains and a position in them, counted from 0. */
const anywhere = (property: (links: Link[], index: number, link: Link) => void): void => {
  fc.assert(
    fc.property(chains, fc.nat(), (links, nth) => {
      const index = nth % links.length;
      const link = links[index];
      if (link) property(links, index, link);
    }),
  );
};

describe('an unchanged chain', () => {
  it('is intact and ends at its last seal', () => {
    fc.assert(
      fc.property(chains, (links) => {
        const { end, broken } = followChain(chainStart, links);
        expect(broken).toBeUndefined();
        expect(end).toMatchObject({ position: links.length, hash: links.at(-1)?.seal.hash });
      }),
    );
  });

  it('is the same whether it is sealed and verified in one run or in several', () => {
    anywhere((links, index) => {
      const entries = links.flatMap((link) => link.entry ?? []);
      const first = sealEntries(chainStart, entries.slice(0, index));
      const rest = sealEntries(first.at(-1) ?? chainStart, entries.slice(index));
      expect([...first, ...rest]).toEqual(links.map(({ seal }) => seal));
      const half = followChain(chainStart, links.slice(0, index)).end;
      expect(followChain(half, links.slice(index))).toMatchObject({ end: { position: links.length } });
    });
  });

  it('has a stable format: the hash of a given entry never changes', () => {
    const refused = entry(2, { outcome: 'refused', status: 403, code: 'forbidden', resource: null });
    expect(canonical(refused)).toBe(
      '[2,"702","2026-01-01T10:00:00.123Z","user-customer-001",["USER"],"orders.place",null,"refused",403,"forbidden","correlation-1","request-1"]',
    );
    expect(hashAfter(chainStart, refused)).toBe(
      '8a7ab357b026f8b707247f21f7cf08f0c1afc2cb3e8604a130324fead4dcfe1e',
    );
  });
});

describe('the chain is broken when', () => {
  it.each(Object.entries(entryChanges))('the %s of an entry was changed', (_column, change) => {
    anywhere((links, index, { seal, entry: row }) => {
      if (row) expect(brokenAt(links.with(index, { seal, entry: change(row) }))).toBe(index + 1);
    });
  });

  it.each(Object.entries(sealChanges))('the %s of a seal was changed', (_column, change) => {
    anywhere((links, index, { seal, entry: row }) => {
      expect(brokenAt(links.with(index, { seal: change(seal), entry: row }))).toBe(index + 1);
    });
  });

  it('an entry was removed', () => {
    anywhere((links, index, { seal }) => {
      expect(brokenAt(links.with(index, { seal, entry: null }))).toBe(index + 1);
    });
  });

  it('an entry other than the last was removed with its seal', () => {
    anywhere((links, index) => {
      const expected = index === links.length - 1 ? undefined : index + 1;
      expect(brokenAt(links.toSpliced(index, 1))).toBe(expected);
    });
  });

  it('an entry other than the last was removed with its seal, and the later seals were renumbered', () => {
    anywhere((links, index) => {
      const moved = links.toSpliced(index, 1).map(({ seal, entry: row }, at) => ({
        seal: { ...seal, position: at + 1 },
        entry: row,
      }));
      expect(brokenAt(moved)).toBe(index === links.length - 1 ? undefined : index + 1);
    });
  });

  it('two entries were swapped', () => {
    fc.assert(
      fc.property(chains, fc.nat(), fc.nat(), (links, one, other) => {
        const [low = 0, high = 0] = [one % links.length, other % links.length].sort((a, b) => a - b);
        fc.pre(low !== high);
        const swapped = links.map(({ seal, entry: row }, index) => {
          const from = index === low ? high : index === high ? low : index;
          return {
            seal: { ...seal, entryId: links[from]?.seal.entryId ?? 0 },
            entry: links[from]?.entry ?? row,
          };
        });
        expect(brokenAt(swapped)).toBe(low + 1);
      }),
    );
  });

  it('an entry with a valid seal was inserted; the break is at the next entry', () => {
    anywhere((links, index) => {
      const before = links[index - 1]?.seal ?? chainStart;
      const forged = entry(1_000);
      const [seal] = sealEntries(before, [forged]);
      if (!seal) throw new Error('nothing was sealed');
      expect(brokenAt(links.toSpliced(index, 0, { seal, entry: forged }))).toBe(index + 2);
    });
  });
});

describe('an anchor stored outside the database', () => {
  it('reveals that the end of the chain was cut off; the chain alone cannot', () => {
    anywhere((links, index) => {
      const anchor = followChain(chainStart, links).end;
      const cut = links.slice(0, index);
      expect(brokenAt(cut)).toBeUndefined();
      expect(anchorBreak(anchor, cut[anchor.position - 1]?.seal.hash)).toMatchObject({
        position: anchor.position,
      });
    });
  });

  it('reveals that the whole log was sealed again; the chain alone cannot', () => {
    anywhere((links, index, { entry: row }) => {
      const anchor = followChain(chainStart, links).end;
      const entries = links.flatMap((link) => link.entry ?? []);
      const forged = linked(row ? entries.with(index, entryChanges.subject(row)) : entries);
      expect(brokenAt(forged)).toBeUndefined();
      expect(anchorBreak(anchor, forged[anchor.position - 1]?.seal.hash)).toMatchObject({
        position: anchor.position,
      });
    });
  });

  it('agrees with its chain', () => {
    anywhere((_links, _index, { seal }) => {
      expect(anchorBreak({ position: seal.position, hash: seal.hash }, seal.hash)).toBeUndefined();
    });
  });
});
