import { describe, expect, it } from 'vitest';
import { humanizeCode, toAuditSearch, toLocalField } from './audit-search.ts';

describe('the URL parameters of the audit log', () => {
  it('keep valid values', () => {
    const search = {
      service: 'payment',
      subject: 'user-customer-001',
      action: 'payments.pay',
      outcome: 'refused',
      from: '2026-01-01T10:00:00.000Z',
    };
    expect(toAuditSearch(search)).toEqual(search);
  });
  it('drop invalid values', () => {
    expect(
      toAuditSearch({ service: 'gateway', outcome: 'lost', from: 'yesterday', to: 5, subject: '' }),
    ).toEqual({});
  });
});

it('converts an instant to a datetime-local field and back', () => {
  const field = toLocalField('2026-01-01T10:00:00.000Z');
  expect(new Date(field).toISOString()).toBe('2026-01-01T10:00:00.000Z');
  expect(toLocalField(undefined)).toBe('');
});

it('replaces the underscores of a problem code with spaces', () => {
  expect(humanizeCode('illegal_transition')).toBe('illegal transition');
});
