import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLogger, redact, redacted, type LogLevel } from './logger.ts';

const capture = (level: LogLevel = 'debug') => {
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  const records = () => lines.map((line): unknown => JSON.parse(line));
  return { logger: createLogger({ service: 'things', level, stream }), lines, records };
};

describe('a log line', () => {
  it('is one JSON object with the standard fields first', () => {
    const { logger, lines, records } = capture();
    logger.info('thing made\nand shipped', { correlationId: 'c-1', thingId: 't-1' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^\{"timestamp":"[^"]+Z","level":"info","message":"thing made\\nand shipped","service":"things","correlationId":"c-1","thingId":"t-1"\}\n$/,
    );
    expect(records()).toHaveLength(1);
  });

  it('has standard fields that no other field can overwrite', () => {
    const { logger, records } = capture();
    logger.warn('real', { message: 'fake', level: 'info', service: 'other', timestamp: 'never' });
    expect(records()[0]).toMatchObject({ message: 'real', level: 'warn', service: 'things' });
  });

  it('below the level is not written', () => {
    const { logger, lines } = capture('warn');
    logger.info('no');
    logger.debug('no');
    logger.error('yes');
    expect(lines).toHaveLength(1);
  });

  it('of a child carries the fields of every ancestor', () => {
    const { logger, records } = capture();
    logger.child({ a: 1 }).child({ b: 2 }).error('x', { c: 3 });
    logger.error('y');
    expect(records()[0]).toMatchObject({ a: 1, b: 2, c: 3 });
    expect(records()[1]).not.toHaveProperty('a');
  });

  it('shows an error with its stack, its code and the chain of causes', () => {
    const { logger, records } = capture();
    const root = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
    logger.error('failed', { error: new TypeError('outer', { cause: new Error('inner', { cause: root }) }) });
    expect(records()[0]).toMatchObject({
      error: {
        name: 'TypeError',
        message: 'outer',
        stack: expect.stringContaining('logger.test.ts') as unknown,
        cause: { message: 'inner', cause: { message: 'connection refused', code: 'ECONNREFUSED' } },
      },
    });
  });

  it('shows each error of an AggregateError, such as that of a host with several addresses', () => {
    const { logger, records } = capture();
    const refused = Object.assign(new Error('connect ECONNREFUSED ::1:5441'), { code: 'ECONNREFUSED' });
    logger.error('failed', { error: new AggregateError([refused], '') });
    expect(records()[0]).toMatchObject({
      error: { errors: [{ message: 'connect ECONNREFUSED ::1:5441', code: 'ECONNREFUSED' }] },
    });
  });

  it('can contain values that JSON cannot represent', () => {
    const { logger, records } = capture();
    const cycle: Record<string, unknown> = { name: 'loop' };
    cycle['self'] = cycle;
    const deep = Array.from({ length: 50 }).reduce<unknown>((inner) => ({ inner }), 'bottom');
    logger.info('odd', {
      cycle,
      deep,
      big: 12345678901234567890n,
      bytes: Buffer.from('abc'),
      map: new Map([['password', 'hush']]),
      set: new Set([1, 2]),
      call: () => 1,
      none: undefined,
      when: new Date('nonsense'),
    });
    expect(records()[0]).toMatchObject({
      cycle: { name: 'loop', self: '[circular]' },
      big: '12345678901234567890',
      bytes: '[3 bytes]',
      map: { password: redacted },
      set: [1, 2],
      call: '[function]',
      when: 'Invalid Date',
    });
    expect(JSON.stringify(records()[0])).toContain('[too deep]');
  });
});

describe('redaction', () => {
  it.each([
    'token',
    'access_token',
    'refreshToken',
    'Authorization',
    'password',
    'PGPASSWORD',
    'clientSecret',
    'client-secret',
    'cardNumber',
    'card_number',
    'cvc',
    'set-cookie',
    'apiKey',
    'private_key',
  ])('hides %s at any depth', (key) => {
    const { logger, lines } = capture();
    logger.info('x', { [key]: 'hush-1', deep: [{ deeper: { [key]: { nested: 'hush-2' } } }] });
    logger.error('x', { error: Object.assign(new Error('e'), { request: { [key]: 'hush-3' } }) });
    logger.child({ [key]: 'hush-4' }).info('x');
    expect(lines.join('')).not.toContain('hush');
    expect(lines.join('')).toContain(redacted);
  });

  it.each(['correlationId', 'idempotencyKey', 'key', 'panel', 'author', 'orderId'])(
    'does not hide %s',
    (key) => {
      expect(redact({ [key]: 'seen' })).toEqual({ [key]: 'seen' });
    },
  );

  it('hides credentials inside text, also in messages and stacks', () => {
    const { logger, lines } = capture();
    const jwt = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';
    logger.info(`header was Bearer ${jwt}`, { note: `got ${jwt}` });
    logger.info('x', {
      url: 'postgres://me:hush@localhost/things',
      error: new Error('at postgres://me:hush@db/x'),
    });
    logger.info('x', { header: 'Basic dXNlcjpodXNoaHVzaA==' });
    logger.info('Failed query: insert into orders params: 7,tok_hush_1,EUR');
    expect(lines.join('')).not.toMatch(/hush|eyJ|dXNlcj/);
  });

  it('does not change the objects that are logged', () => {
    const fields = { password: 'hush', nested: { token: 'hush' } };
    capture().logger.info('x', fields);
    expect(fields).toEqual({ password: 'hush', nested: { token: 'hush' } });
  });
});
