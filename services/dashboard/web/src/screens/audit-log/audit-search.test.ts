import { describe, expect, it } from 'vitest';
import { codeInWords, toAuditSearch, toLocalField } from './audit-search.ts';

describe('the address of the audit log', () => {
  it('keeps the filters that the API has', () => {
    const search = {
      service: 'payment',
      subject: ' user-customer-001 ',
      action: 'payments.pay',
      outcome: 'refused',
      from: '2026-01-01T10:00:00.000Z',
    };
    expect(toAuditSearch(search)).toEqual({ ...search, subject: 'user-customer-001' });
  });
  it('drops what the API would refuse', () => {
    expect(
      toAuditSearch({ service: 'gateway', outcome: 'lost', from: 'yesterday', to: 5, subject: '' }),
    ).toEqual({});
  });
});

it('fills a field with the instant by the clock of the reader, and reads it back', () => {
  const field = toLocalField('2026-01-01T10:00:00.000Z');
  expect(new Date(field).toISOString()).toBe('2026-01-01T10:00:00.000Z');
  expect(toLocalField(undefined)).toBe('');
});

it('says a code as words', () => {
  expect(codeInWords('illegal_transition')).toBe('illegal transition');
});
