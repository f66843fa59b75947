// The provider's ledger: an append-only journal of JSON lines, flushed to disk before a request is answered, so that answered
// requests survive kill -9. A key has at most one charge and one refund, and the refunds of a charge never exceed the captured
// amount. All entries are in memory, about 1 kB each: this is a mock of a provider, for development and tests.
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { declineCodes, type DeclineCode } from './behaviour.ts';

const chargeSchema = z.object({
  id: z.string(),
  status: z.enum(['succeeded', 'declined']),
  declineCode: z.enum(declineCodes).optional(),
  /** Minor units of the currency. */
  amountMinor: z.int().positive(),
  currency: z.string(),
  reference: z.string(),
  createdAt: z.iso.datetime(),
  idempotencyKey: z.string(),
});
const refundSchema = z.object({
  id: z.string(),
  status: z.literal('succeeded'),
  chargeId: z.string(),
  amountMinor: z.int().positive(),
  currency: z.string(),
  createdAt: z.iso.datetime(),
  idempotencyKey: z.string(),
});
/** The fingerprint distinguishes a repeated request from another request with the same key. The card token is not stored. */
const entrySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('charge'), fingerprint: z.string(), charge: chargeSchema }),
  z.object({ type: z.literal('refund'), fingerprint: z.string(), refund: refundSchema }),
]);
type Entry = z.infer<typeof entrySchema>;

export type Charge = z.infer<typeof chargeSchema>;
export type Refund = z.infer<typeof refundSchema>;

export interface Recorded<T> {
  readonly fingerprint: string;
  readonly value: T;
}

interface CurrencyTotal {
  readonly currency: string;
  readonly amountMinor: number;
}

export interface NewCharge {
  readonly idempotencyKey: string;
  readonly fingerprint: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly reference: string;
  /** Absent when the charge succeeds. */
  readonly declineCode?: DeclineCode;
}

export interface NewRefund {
  readonly idempotencyKey: string;
  readonly fingerprint: string;
  readonly chargeId: string;
  readonly amountMinor: number;
}

/** Each promise resolves only when the reported entries are on disk. */
export interface Ledger {
  readonly chargeByKey: (idempotencyKey: string) => Promise<Recorded<Charge> | undefined>;
  readonly refundByKey: (idempotencyKey: string) => Promise<Recorded<Refund> | undefined>;
  /** Rejects when the key already has a charge, so the caller must check first. */
  readonly recordCharge: (charge: NewCharge) => Promise<Charge>;
  /** Rejects when the key already has a refund. */
  readonly recordRefund: (refund: NewRefund) => Promise<Refund | 'unknown_charge' | 'exceeds_charge'>;
  /** The newest `limit` charges, oldest first, and their refunds. The totals are those of the whole ledger. */
  readonly snapshot: (limit: number) => Promise<{
    readonly charges: readonly Charge[];
    readonly refunds: readonly Refund[];
    readonly captured: readonly CurrencyTotal[];
    readonly refunded: readonly CurrencyTotal[];
  }>;
  /** Rejects when the journal can no longer be written. */
  readonly check: () => Promise<void>;
  /** Resolves with the error when the journal can no longer be written; then the process must exit and read the journal again. */
  readonly failed: Promise<Error>;
  readonly close: () => Promise<void>;
}

const totals = (
  entries: Iterable<{ readonly currency: string; readonly amountMinor: number }>,
): CurrencyTotal[] => {
  const byCurrency = new Map<string, number>();
  for (const { currency, amountMinor } of entries) {
    byCurrency.set(currency, (byCurrency.get(currency) ?? 0) + amountMinor);
  }
  return [...byCurrency].map(([currency, amountMinor]) => ({ currency, amountMinor }));
};

const parseLine = (line: string, number: number, file: string): Entry => {
  try {
    return entrySchema.parse(JSON.parse(line));
  } catch (error) {
    throw new Error(`Line ${number} of the ledger ${file} is damaged; restore the file before starting.`, {
      cause: error,
    });
  }
};

/**
 * Bytes after the last line break are dropped: they belong to a write that was not flushed, so its request was not answered.
 * A crash cannot damage an earlier line; with a damaged line, the provider refuses to start.
 */
const readJournal = async (journal: FileHandle, file: string) => {
  const bytes = await journal.readFile();
  const intact = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.subarray(0, intact).toString('utf8').split('\n').slice(0, -1);
  return {
    entries: lines.map((line, index) => parseLine(line, index + 1, file)),
    intact,
    torn: bytes.length - intact,
  };
};

/** Appends lines one after the other. Lines that arrive during a flush share the next write and flush. */
const createJournal = (file: FileHandle) => {
  let waiting: { readonly line: string; readonly written: PromiseWithResolvers<undefined> }[] = [];
  let flushing: Promise<void> | undefined;
  let failure: Error | undefined;
  const failed = Promise.withResolvers<Error>();

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        if (failure !== undefined) throw failure;
        await file.appendFile(batch.map(({ line }) => line).join(''));
        await file.datasync();
        for (const { written } of batch) written.resolve(undefined);
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
        failed.resolve(failure);
        for (const { written } of batch) written.reject(failure);
      }
    }
  };

  const startFlush = (): Promise<void> => {
    flushing ??= flush().finally(() => {
      flushing = undefined;
    });
    return flushing;
  };

  return {
    append: (entry: Entry): Promise<undefined> => {
      const written = Promise.withResolvers<undefined>();
      waiting.push({ line: `${JSON.stringify(entry)}\n`, written });
      void startFlush();
      return written.promise;
    },
    /** Resolves when all lines that have been appended so far are on disk. */
    flushed: async (): Promise<void> => {
      await startFlush();
      if (failure !== undefined) throw failure;
    },
    failed: failed.promise,
  };
};

/**
 * Opens or creates the ledger in `file` and replays it.
 * @param onTorn Called with the number of bytes of an incomplete last line, which are dropped.
 * @throws When a line is damaged or the file cannot be opened.
 */
export const openLedger = async (file: string, onTorn?: (bytes: number) => void): Promise<Ledger> => {
  await mkdir(dirname(file), { recursive: true });
  const handle = await open(file, 'a+');
  const directory = await open(dirname(file), 'r');
  // A new file survives a power failure only when its directory is flushed too.
  await directory.sync().finally(() => directory.close());

  const charges = new Map<string, Charge>();
  const refunds: Refund[] = [];
  const refundedByCharge = new Map<string, number>();
  const chargesByKey = new Map<string, Recorded<Charge>>();
  const refundsByKey = new Map<string, Recorded<Refund>>();

  const apply = (entry: Entry): void => {
    if (entry.type === 'charge') {
      const { charge, fingerprint } = entry;
      charges.set(charge.id, charge);
      chargesByKey.set(charge.idempotencyKey, { fingerprint, value: charge });
    } else {
      const { refund, fingerprint } = entry;
      refunds.push(refund);
      refundedByCharge.set(
        refund.chargeId,
        (refundedByCharge.get(refund.chargeId) ?? 0) + refund.amountMinor,
      );
      refundsByKey.set(refund.idempotencyKey, { fingerprint, value: refund });
    }
  };

  const { entries, intact, torn } = await readJournal(handle, file).catch(async (error: unknown) => {
    await handle.close();
    throw error;
  });
  entries.forEach(apply);
  if (torn > 0) {
    await handle.truncate(intact);
    onTorn?.(torn);
  }
  const journal = createJournal(handle);

  // The entry is applied before the flush, so that concurrent requests see the entry. The promise resolves only after the flush. If
  // the flush fails, memory has entries that are not on disk, so the process must exit.
  const record = async (entry: Entry): Promise<void> => {
    apply(entry);
    await journal.append(entry);
  };

  return {
    chargeByKey: async (key) => {
      await journal.flushed();
      return chargesByKey.get(key);
    },
    refundByKey: async (key) => {
      await journal.flushed();
      return refundsByKey.get(key);
    },
    recordCharge: async ({ fingerprint, declineCode, ...rest }) => {
      if (chargesByKey.has(rest.idempotencyKey)) throw new Error('the idempotency key already has a charge');
      const charge: Charge = {
        id: `ch_${uuidv7()}`,
        status: declineCode === undefined ? 'succeeded' : 'declined',
        ...(declineCode === undefined ? {} : { declineCode }),
        ...rest,
        createdAt: new Date().toISOString(),
      };
      await record({ type: 'charge', fingerprint, charge });
      return charge;
    },
    recordRefund: async ({ fingerprint, ...rest }) => {
      if (refundsByKey.has(rest.idempotencyKey)) throw new Error('the idempotency key already has a refund');
      const charge = charges.get(rest.chargeId);
      if (charge === undefined) return 'unknown_charge';
      const captured = charge.status === 'succeeded' ? charge.amountMinor : 0;
      if ((refundedByCharge.get(charge.id) ?? 0) + rest.amountMinor > captured) return 'exceeds_charge';
      const refund: Refund = {
        id: `re_${uuidv7()}`,
        status: 'succeeded',
        ...rest,
        currency: charge.currency,
        createdAt: new Date().toISOString(),
      };
      await record({ type: 'refund', fingerprint, refund });
      return refund;
    },
    snapshot: async (limit) => {
      await journal.flushed();
      const all = [...charges.values()];
      const newest = all.slice(-limit);
      const ids = new Set(newest.map(({ id }) => id));
      return {
        charges: newest,
        refunds: refunds.filter(({ chargeId }) => ids.has(chargeId)),
        captured: totals(all.filter(({ status }) => status === 'succeeded')),
        refunded: totals(refunds),
      };
    },
    check: journal.flushed,
    failed: journal.failed,
    close: async () => {
      await journal.flushed().finally(() => handle.close());
    },
  };
};
