// npm run test:mutations: the proof that the suite can fail. Each deliberate bug takes one guard out of a scratch copy of the
// project; the tests named beside it must go red, and it is said which and why. A file that cannot be loaded any more is no
// proof, only tests that ran count. A bug that nobody notices ends the run with exit code 1.
// `npm run test:mutations -- <words>` tries only the bugs whose names contain them.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

interface Mutation {
  readonly bug: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Filters of `npm test`. */
  readonly tests: readonly string[];
}

const unit = ['--project', 'unit'];

const mutations: readonly Mutation[] = [
  {
    bug: 'no inbox claim',
    file: 'services/platform/inbox.ts',
    from: 'return inserted.length === 1 ? { taken: true } : { taken: false, prior: undefined };',
    to: 'return inserted.length > 1 ? { taken: false, prior: undefined } : { taken: true };',
    tests: ['handle.int'],
  },
  {
    bug: 'dedupe by order instead of event',
    file: 'services/platform/inbox.ts',
    from: '.values({ ...delivery, processedAt: now',
    to: ".values({ ...delivery, eventId: '00000000-0000-4000-8000-000000000000', processedAt: now",
    tests: ['handle.int'],
  },
  {
    bug: 'no row lock',
    file: 'services/inventory/store.ts',
    from: ".orderBy(asc(inventory.productId))\n    .for('update');",
    to: '.orderBy(asc(inventory.productId));',
    tests: ['reserving.int'],
  },
  {
    bug: 'outbox outside the transaction',
    file: 'services/platform/handle.ts',
    from: 'await appendToOutbox(tx, codec, decision.events, message);',
    to: 'await db.transaction((other) => appendToOutbox(other, codec, decision.events, message));',
    tests: ['handle.int'],
  },
  {
    bug: 'offset before commit',
    file: 'services/platform/consumer.ts',
    from: 'const came = await attempt(record);',
    to: "void attempt(record).catch(() => undefined);\n        const came = 'handled' as string;",
    tests: ['consumer.int'],
  },
  {
    bug: 'charge without idempotency key',
    file: 'services/payment/gateway-client.ts',
    from: "'idempotency-key': idempotencyKey",
    to: "'idempotency-key': crypto.randomUUID()",
    tests: ['gateway-client', 'compensation'],
  },
  {
    bug: 'Idempotency-Key of a client not stored',
    file: 'services/platform/idempotency.ts',
    from: "if (decision.kind === 'ignored') return;",
    to: 'if (decision.kind.length > 0) return;',
    tests: ['idempotency.e2e'],
  },
  {
    bug: 'status set linearly: PAID without the pin',
    file: 'services/order/domain/order.ts',
    from: "order.payment.state === 'succeeded' && isPinned(order)",
    to: "order.payment.state === 'succeeded'",
    tests: [...unit, 'order/domain', 'saga-model'],
  },
  {
    bug: 'sweep ignores pins',
    file: 'services/inventory/domain/reservation.ts',
    from: "if (reservation?.state !== 'reserved') return ignored(`reservation_${reservation?.state ?? 'missing'}`);\n      const due = reservation.expiresAt !== null &&",
    to: "if (reservation?.state !== 'reserved' && reservation?.state !== 'pinned') return ignored('no');\n      const due = reservation.expiresAt === null ||",
    tests: [...unit, 'inventory/domain', 'saga-model'],
  },
  {
    bug: 'refund skipped',
    file: 'services/payment/domain/decide.ts',
    from: "if (closedBy === null || charge !== 'succeeded'",
    to: "if (closedBy !== null || charge !== 'succeeded'",
    tests: [...unit, 'payment/domain', 'saga-model'],
  },
  {
    bug: 'no tombstone for an order cancelled before it was seen',
    file: 'services/inventory/domain/reservation.ts',
    from: 'return accepted({ ...view, reservation: tombstone });',
    to: "return tombstone.items.length > 0 ? accepted(view) : ignored('nothing_reserved');",
    tests: [...unit, 'inventory/domain', 'saga-model'],
  },
  {
    bug: 'lines of one product not summed',
    file: 'services/inventory/domain/reservation.ts',
    from: '(sums.get(productId) ?? 0) + quantity',
    to: 'quantity',
    tests: [...unit, 'inventory/domain'],
  },
  {
    bug: 'retry of a decline',
    file: 'services/payment/gateway-client.ts',
    from: 'new Set([400, 402, 403, 404, 422])',
    to: 'new Set([400, 403, 404])',
    tests: [...unit, 'services/payment'],
  },
  {
    bug: 'a call of the gateway without the lease',
    file: 'services/payment/ask-gateway.ts',
    from: 'if (attempts === undefined) return false;',
    to: 'if (attempts === undefined) return true;',
    tests: ['ask-gateway'],
  },
  {
    bug: 'events read with the schema of their writer',
    file: 'services/platform/event-codec.ts',
    from: 'reader.fromBuffer(body, resolver)',
    to: 'writer.fromBuffer(body)',
    tests: [...unit, 'event-codec'],
  },
  {
    bug: 'any name of a database server is believed',
    file: 'services/platform/database-security.ts',
    from: "mode === 'verify-full' ?",
    to: "mode !== 'verify-full' ?",
    tests: ['secure-connections'],
  },
  {
    bug: 'client certificates are asked for and not looked at',
    file: 'services/platform/http.ts',
    from: 'requestCert: true, rejectUnauthorized: true',
    to: 'requestCert: true, rejectUnauthorized: false',
    tests: [...unit, 'secure-http'],
  },
];

const root = join(import.meta.dirname, '..');
const wanted = process.argv.slice(2).join(' ');
const chosen = mutations.filter(({ bug }) => bug.includes(wanted));

/** The working tree without what is ignored; the dependencies are those of this one. */
const scratchCopy = (): string => {
  const copy = mkdtempSync(join(tmpdir(), 'orderflow-mutation-'));
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
  });
  for (const file of listed.stdout.toString('utf8').split('\0')) {
    if (file === '' || !existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
};

/** The tests that ran and failed, each with the first line of its reason; several may share one. */
const redTests = (output: string): string[] => {
  const red: string[] = [];
  let named: string[] = [];
  for (const line of output.split('\n')) {
    const test = /^ FAIL {2}\|\w+\| (\S+ > .+)$/.exec(line)?.[1];
    if (test !== undefined) named.push(test);
    else if (line.trim() !== '') {
      red.push(...named.map((name) => `${name}: ${line}`));
      named = [];
    }
  }
  return red;
};

const copy = scratchCopy();
let survivors = 0;
/** Red tests that are named per bug. */
const most = 4;
try {
  for (const { bug, file, from, to, tests } of chosen) {
    const path = join(copy, file);
    const original = readFileSync(path, 'utf8');
    if (original.split(from).length !== 2) throw new Error(`"${bug}" does not fit ${file} any more`);
    writeFileSync(
      path,
      original.replace(from, () => to),
    );
    const started = performance.now();
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...process.execArgv, 'scripts/test.ts', ...tests],
      {
        cwd: copy,
        encoding: 'utf8',
        env: { ...process.env, CI: 'true', NO_COLOR: '1' },
        timeout: 600_000,
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    writeFileSync(path, original);
    const verdict = /\d+ passed, \d+ failed/.exec(stdout)?.[0] ?? 'no verdict';
    const red = redTests(`${stdout}\n${stderr}`);
    const caught = status !== 0 && red.length > 0;
    if (!caught) survivors += 1;
    const took = ((performance.now() - started) / 1000).toFixed(0);
    process.stdout.write(`${caught ? 'caught  ' : 'SURVIVED'}  ${bug.padEnd(56)} ${verdict} (${took} s)\n`);
    // Nothing ran: what the run said last tells why.
    if (red.length === 0 && status !== 0) red.push(...`${stdout}\n${stderr}`.trim().split('\n').slice(-most));
    for (const line of red.slice(0, most)) process.stdout.write(`          ${line.slice(0, 200)}\n`);
    if (red.length > most) process.stdout.write(`          … and ${red.length - most} more\n`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
process.stdout.write(`${chosen.length - survivors} of ${chosen.length} deliberate bugs were caught\n`);
process.exitCode = survivors === 0 ? 0 : 1;
