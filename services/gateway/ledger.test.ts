import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLedger, type Ledger, type NewCharge } from './ledger.ts';

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ledger-'));
  file = join(directory, 'data', 'ledger.jsonl');
});
afterEach(() => rm(directory, { recursive: true }));

const charge = (over: Partial<NewCharge> = {}): NewCharge => ({
  idempotencyKey: 'key-1',
  fingerprint: 'f',
  amountMinor: 1000,
  currency: 'EUR',
  reference: 'r-1',
  ...over,
});

const refund = async (ledger: Ledger, chargeId: string, amountMinor: number, idempotencyKey: string) =>
  ledger.recordRefund({ idempotencyKey, fingerprint: 'f', chargeId, amountMinor });

describe('the ledger', () => {
  it('has all recorded entries after it is opened again', async () => {
    const ledger = await openLedger(file);
    const paid = await ledger.recordCharge(charge());
    const declined = await ledger.recordCharge(
      charge({ idempotencyKey: 'key-2', declineCode: 'card_declined' }),
    );
    await ledger.recordCharge(charge({ idempotencyKey: 'key-3', currency: 'USD', amountMinor: 5 }));
    const refunded = await refund(ledger, paid.id, 400, 'key-1');
    const before = await ledger.snapshot(100);
    await ledger.close();

    const again = await openLedger(file);
    expect(await again.snapshot(100)).toEqual(before);
    expect(await again.chargeByKey('key-1')).toEqual({ fingerprint: 'f', value: paid });
    expect((await again.chargeByKey('key-2'))?.value).toEqual({ ...declined, declineCode: 'card_declined' });
    expect(await again.refundByKey('key-1')).toEqual({ fingerprint: 'f', value: refunded });
    expect(before.captured).toEqual([
      { currency: 'EUR', amountMinor: 1000 },
      { currency: 'USD', amountMinor: 5 },
    ]);
    expect(before.refunded).toEqual([{ currency: 'EUR', amountMinor: 400 }]);
    await again.close();
  });

  it('returns the newest charges with their refunds, and the totals of all entries', async () => {
    const ledger = await openLedger(file);
    const first = await ledger.recordCharge(charge());
    await refund(ledger, first.id, 100, 'refund-1');
    const second = await ledger.recordCharge(charge({ idempotencyKey: 'key-2' }));
    const returned = await refund(ledger, second.id, 300, 'refund-2');
    expect(await ledger.snapshot(1)).toEqual({
      charges: [second],
      refunds: [returned],
      captured: [{ currency: 'EUR', amountMinor: 2000 }],
      refunded: [{ currency: 'EUR', amountMinor: 400 }],
    });
    await ledger.close();
  });

  it('has a charge on disk before `recordCharge` resolves', async () => {
    const ledger = await openLedger(file);
    const { id } = await ledger.recordCharge(charge());
    expect(await readFile(file, 'utf8')).toContain(id);
    await ledger.close();
  });

  it('drops an incomplete last line, and appends after the last complete line', async () => {
    const first = await openLedger(file);
    await first.recordCharge(charge());
    await first.close();
    const whole = await readFile(file);
    await appendFile(file, whole.subarray(0, whole.length - 9));

    let torn = 0;
    const second = await openLedger(file, (bytes) => {
      torn = bytes;
    });
    expect(torn).toBe(whole.length - 9);
    await second.recordCharge(charge({ idempotencyKey: 'key-2' }));
    await second.close();
    const third = await openLedger(file);
    expect((await third.snapshot(100)).charges.map(({ idempotencyKey }) => idempotencyKey)).toEqual([
      'key-1',
      'key-2',
    ]);
    await third.close();
  });

  it('cannot be opened with a damaged line, and the error has the number of the line', async () => {
    const ledger = await openLedger(file);
    await ledger.recordCharge(charge());
    await ledger.close();
    const good = await readFile(file, 'utf8');
    await writeFile(file, `${good}{"type":"charge"}\n${good}`);
    await expect(openLedger(file)).rejects.toThrow(`Line 2 of the ledger ${file} is damaged`);
  });

  it('accepts one charge per key, also when two charges are recorded concurrently', async () => {
    const ledger = await openLedger(file);
    const results = await Promise.allSettled([ledger.recordCharge(charge()), ledger.recordCharge(charge())]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect((await ledger.snapshot(100)).charges).toHaveLength(1);
    await ledger.close();
  });

  it('never refunds more than was captured, also when refunds are recorded concurrently', async () => {
    const ledger = await openLedger(file);
    const { id } = await ledger.recordCharge(charge());
    const results = await Promise.all(['a', 'b', 'c'].map((key) => refund(ledger, id, 400, key)));
    expect(results.filter((result) => result === 'exceeds_charge')).toHaveLength(1);
    expect(await refund(ledger, id, 201, 'd')).toBe('exceeds_charge');
    expect(await refund(ledger, id, 200, 'e')).toMatchObject({ amountMinor: 200, chargeId: id });
    expect(await refund(ledger, 'ch_nothing', 1, 'f')).toBe('unknown_charge');
    expect((await ledger.snapshot(100)).refunded).toEqual([{ currency: 'EUR', amountMinor: 1000 }]);
    await ledger.close();
  });

  it('refunds nothing for a declined charge', async () => {
    const ledger = await openLedger(file);
    const { id } = await ledger.recordCharge(charge({ declineCode: 'insufficient_funds' }));
    expect(await refund(ledger, id, 1, 'a')).toBe('exceeds_charge');
    await ledger.close();
  });

  it('keeps each of many concurrent charges once', async () => {
    const ledger = await openLedger(file);
    const keys = Array.from({ length: 500 }, (_, n) => `key-${n}`);
    await Promise.all(keys.map((idempotencyKey) => ledger.recordCharge(charge({ idempotencyKey }))));
    await ledger.close();
    const again = await openLedger(file);
    expect((await again.snapshot(1_000)).charges.map(({ idempotencyKey }) => idempotencyKey)).toEqual(keys);
    await again.close();
  });

  it('rejects every call with the cause once the journal cannot be written', async () => {
    const ledger = await openLedger(file);
    await ledger.recordCharge(charge());
    await ledger.close();
    await expect(ledger.recordCharge(charge({ idempotencyKey: 'key-2' }))).rejects.toThrow('closed');
    expect((await ledger.failed).message).toContain('closed');
    await expect(ledger.check()).rejects.toThrow('closed');
    await expect(ledger.chargeByKey('key-1')).rejects.toThrow('closed');
    await expect(ledger.recordCharge(charge({ idempotencyKey: 'key-3' }))).rejects.toThrow('closed');
  });
});
