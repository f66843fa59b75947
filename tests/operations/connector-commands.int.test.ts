// The response to each command on a connector, in each state of the connector and for each role. Kafka Connect is replaced by a server
// that answers as Kafka Connect does in that state.
import { serve, type ServerType } from '@hono/node-server';
import { desc } from 'drizzle-orm';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { auditLog } from '../../drizzle/messaging/schema.ts';
import { registerOperationsRoutes } from '../../services/auditor/http/operations-routes.ts';
import { auditorProblems } from '../../services/auditor/http/api.ts';
import type { Role } from '../../services/platform/http/endpoint/permissions.ts';
import { createGuards } from '../../services/platform/http/limits/guards.ts';
import { createApp } from '../../services/platform/http/server/app.ts';
import type { App } from '../../services/platform/http/server/request-context.ts';
import { useTestDatabase } from '../support/database.ts';
import { recordingLogger } from '../support/recording-logger.ts';

const database = useTestDatabase('order');
/** The status of Kafka Connect's response by the state of the connector. */
const connectAnswers = { running: 202, paused: 202, failed: 202, absent: 404, rebalancing: 409 } as const;
type State = keyof typeof connectAnswers;
const commands = ['restart', 'pause', 'resume'] as const;

let state: State = 'running';
let role: Role = 'ADMIN';
let calls: string[] = [];
let connect: ServerType;
let app: App;

beforeAll(async () => {
  const stub = new Hono().all('*', ({ req }) => {
    calls.push(`${req.method} ${req.path}`);
    return new Response('', { status: connectAnswers[state] });
  });
  const port = await new Promise<number>((resolve) => {
    connect = serve({ fetch: stub.fetch, port: 0, hostname: '127.0.0.1' }, (address) => {
      resolve(address.port);
    });
  });
  const { logger } = recordingLogger();
  const authenticate = () => Promise.resolve({ subject: 'admin-1', email: undefined, roles: [role] });
  app = createApp({
    logger,
    title: 'test',
    problems: auditorProblems,
    guards: createGuards(undefined, authenticate),
  });
  const notCalled = () => Promise.reject(new Error('not part of this test'));
  registerOperationsRoutes(
    app,
    {
      databaseOf: () => database.db,
      readFlow: notCalled,
      connectUrl: `http://127.0.0.1:${port}`,
      stream: { lag: notCalled },
    },
    { latest: () => [], samples: () => [], incidents: () => [], recordActed: () => undefined },
    () => {
      throw new Error('not part of this test');
    },
  );
});
afterAll(() => {
  connect.close();
});

const lastEntry = async () =>
  (await database.db.select().from(auditLog).orderBy(desc(auditLog.id)).limit(1))[0];

const send = async (command: string): Promise<string> => {
  calls = [];
  const response = await app.request(`/api/v1/connectors/payment/${command}`, { method: 'POST' });
  const { code, action } = z.looseObject({}).parse(await response.json());
  return `${response.status} ${String(code ?? action)}`;
};

const answers = (command: string): Readonly<Record<State, string>> => ({
  running: `202 ${command}`,
  paused: `202 ${command}`,
  failed: `202 ${command}`,
  absent: '409 connector_absent',
  rebalancing: '503 unavailable',
});

describe.each(commands)('the command %s', (command) => {
  it.each(Object.entries(answers(command)))('for a connector that is %s gets %s', async (name, answer) => {
    state = z.enum(['running', 'paused', 'failed', 'absent', 'rebalancing']).parse(name);
    role = 'ADMIN';
    expect(await send(command)).toBe(answer);
    expect(calls).toEqual([
      `${command === 'restart' ? 'POST' : 'PUT'} /connectors/payment-outbox/${command}`,
    ]);
    expect(await lastEntry()).toMatchObject({
      subject: 'admin-1',
      action: `connectors.${command}`,
      outcome: name === 'absent' ? 'refused' : 'accepted',
    });
  });

  it.each(['USER', 'SELLER'] as const)(
    'by a caller with the role %s is refused, and Kafka Connect is not called',
    async (other) => {
      role = other;
      expect(await send(command)).toBe('403 forbidden');
      expect(calls).toEqual([]);
      expect(await lastEntry()).toMatchObject({ roles: [other], outcome: 'refused', code: 'forbidden' });
    },
  );
});
