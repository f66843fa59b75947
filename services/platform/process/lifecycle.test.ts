import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';

const running = new Set<ReturnType<typeof spawn>>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

/** Starts a real process with a lifecycle. `body` is code that runs in the process; it can print marks. */
const start = (body: string) => {
  const at = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const script = `
    import { createLogger } from ${at('logger.ts')};
    import { createLifecycle } from ${at('lifecycle.ts')};
    const lifecycle = createLifecycle({ logger: createLogger({ service: 'x', level: 'debug' }) });
    const alive = setInterval(() => {}, 1000);
    const mark = (text) => process.stdout.write(JSON.stringify({ mark: text }) + '\\n');
    ${body}
    mark('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  let output = '';
  let changed = Promise.withResolvers<void>();
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    changed.resolve();
    changed = Promise.withResolvers<void>();
  });
  const seen = async (text: string) => {
    while (!output.includes(text)) await changed.promise;
  };
  const exit = once(child, 'close').then(([code]: unknown[]) => code);
  const marks = () => [...output.matchAll(/\{"mark":"([^"]+)"\}/g)].map(([, mark]) => mark);
  return { child, seen, exit, marks, output: () => output };
};

describe('shutdown', () => {
  it('aborts the stopping signal before the first step', async () => {
    const { child, seen, exit, marks } = start(`
      lifecycle.stopping.addEventListener('abort', () => mark('stopping'));
      lifecycle.onStop('step', () => mark('step'));
    `);
    await seen('ready');
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(marks()).toEqual(['ready', 'stopping', 'step']);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'on %s runs the steps last to first and exits 0',
    async (signal) => {
      const { child, seen, exit, marks } = start(`
      lifecycle.onStop('first', () => mark('first'));
      lifecycle.onStop('second', async () => { await new Promise((done) => setImmediate(done)); mark('second'); });
    `);
      await seen('ready');
      child.kill(signal);
      expect(await exit).toBe(0);
      expect(marks()).toEqual(['ready', 'second', 'first']);
    },
  );

  it('ignores a second signal within a second', async () => {
    const { child, seen, exit, marks } = start(`
      let runs = 0;
      process.on('SIGINT', () => mark('signal'));
      lifecycle.onStop('slow', () => new Promise((done) => process.once('SIGINT', () => { mark('run ' + ++runs); done(); })));
    `);
    await seen('ready');
    child.kill('SIGTERM');
    await seen('"reason":"SIGTERM"');
    child.kill('SIGINT');
    expect(await exit).toBe(0);
    expect(marks().filter((mark) => mark?.startsWith('run'))).toEqual(['run 1']);
  });

  it('skips a step that hangs or fails, and logs it', async () => {
    const { child, seen, exit, marks, output } = start(`
      lifecycle.onStop('last', () => mark('last'));
      lifecycle.onStop('fails', () => { throw new Error('step broke'); });
      lifecycle.onStop('hangs', () => new Promise(() => {}), 20);
    `);
    await seen('ready');
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(marks()).toEqual(['ready', 'last']);
    expect(output()).toContain('stop step exceeded its deadline');
    expect(output()).toContain('step broke');
  });

  it.each([
    ['an uncaught exception', `setImmediate(() => { throw new Error('boom'); });`, 'uncaught exception'],
    [
      'an unhandled rejection',
      `setImmediate(() => { void Promise.reject(new Error('boom')); });`,
      'unhandled rejection',
    ],
  ])('on %s logs it and exits 1 immediately', async (_, body, message) => {
    const { exit, marks, output } = start(`lifecycle.onStop('never', () => mark('never')); ${body}`);
    expect(await exit).toBe(1);
    expect(marks()).not.toContain('never');
    expect(output()).toContain(`"message":"${message}"`);
    expect(output()).toContain('boom');
  });
});
