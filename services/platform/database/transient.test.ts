// The tests check which SQLSTATEs are transient, so that the input is retried, and which mean that the input is at fault.
import { describe, expect, it } from 'vitest';
import { DependencyUnavailable, isTransient } from './transient.ts';

const failed = (code: string): Error =>
  new Error('Failed query', { cause: Object.assign(new Error('from PostgreSQL'), { code }) });

const retried = {
  '0A000': 'a table changed under a prepared statement',
  '08006': 'the connection failed',
  '25006': 'the server is read-only after a failover',
  '25P03': 'a transaction was idle for too long',
  '25P04': 'a transaction took too long',
  '28000': 'the role is refused',
  '28P01': 'the password is wrong',
  '3D000': 'the database does not exist',
  '40001': 'a serialization failure',
  '40P01': 'a deadlock',
  '42501': 'a right is missing',
  '42703': 'a column is missing',
  '42883': 'a function is missing',
  '42P01': 'a table is missing',
  '53100': 'the disk is full',
  '53300': 'too many connections',
  '55006': 'an object is in use',
  '55P03': 'a lock was not granted in time',
  '57014': 'a statement took too long',
  '57P01': 'the server is shut down',
  '57P03': 'the server starts up',
  '58030': 'an I/O error',
  XX000: 'an internal error',
  XX001: 'damaged data',
} as const;

const atFault = {
  '21000': 'more than one row',
  '22001': 'a text is too long',
  '22003': 'a number is too large',
  '22P02': 'a text is not a number',
  '23502': 'a value is missing',
  '23505': 'a key exists already',
  '23514': 'a check fails',
  '25P02': 'an earlier statement of the transaction failed',
  '42601': 'a syntax error',
  '42804': 'a wrong type',
  '44000': 'a view refuses the row',
  '54000': 'a limit is exceeded',
  P0001: 'a function raised an exception',
} as const;

describe('an input', () => {
  it.each(Object.entries(retried))('is retried after %s: %s', (code) => {
    expect(isTransient(failed(code))).toBe(true);
  });

  it.each(Object.entries(atFault))('is at fault after %s: %s', (code) => {
    expect(isTransient(failed(code))).toBe(false);
  });

  it('waits for a dependency that cannot serve, and for one that does not answer', () => {
    expect(isTransient(new DependencyUnavailable('503'))).toBe(true);
    expect(isTransient(AbortSignal.abort().reason)).toBe(true);
    expect(isTransient(failed('ECONNREFUSED'))).toBe(true);
  });

  it('is at fault when the error is unknown', () => {
    expect(isTransient(new TypeError('a defect'))).toBe(false);
    expect(isTransient('a text')).toBe(false);
  });
});
