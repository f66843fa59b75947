// The application that the tests of this folder call: two endpoints with a schema, and handlers without a schema, some of which
// fail.
import { createRoute, z } from '@hono/zod-openapi';
import { Writable } from 'node:stream';
import { createApp } from './app.ts';
import { messageContextOf, entityIdFromPath, principalOf } from './request-context.ts';
import { createLogger } from '../../process/logger.ts';
import { defineProblems } from '../endpoint/problem.ts';
import { problemResponses } from '../endpoint/problem-document.ts';

const { kinds: thingProblems, problem: thingProblem } = defineProblems({
  thing_broken: {
    status: 409,
    title: 'Thing <broken>',
    explanation: 'The thing is broken & cannot be mended.',
  },
});

const thing = z.strictObject({
  name: z.string().min(1),
  parts: z.array(z.object({ size: z.int().positive() })).max(3),
});

/** `lines` are the log lines that the application has written. */
export const createTestApp = () => {
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  const logger = createLogger({ service: 'things', level: 'debug', stream });
  const app = createApp({ logger, title: 'Things', problems: thingProblems });
  app.use('/v1/things/:id/*', entityIdFromPath('thingId', 'id'));
  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/things',
      request: {
        query: z.object({ limit: z.coerce.number().max(10).optional() }),
        body: { required: true, content: { 'application/json': { schema: thing } } },
      },
      responses: {
        201: { description: 'Made', content: { 'application/json': { schema: thing } } },
        ...problemResponses(422),
      },
    }),
    (c) => c.json(c.req.valid('json'), 201),
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/things/{id}',
      request: { params: z.object({ id: z.uuid() }), headers: z.object({ 'x-wish': z.string().optional() }) },
      responses: { 200: { description: 'Found', content: { 'application/json': { schema: z.unknown() } } } },
    }),
    (c) => c.json({ id: c.req.valid('param').id, ...messageContextOf(c) }, 200),
  );
  app.get('/crash', () => {
    throw new Error('password is hush');
  });
  app.get('/broken', () => {
    throw thingProblem('thing_broken', { detail: 'Leg missing.', headers: { 'Retry-After': '7' } });
  });
  app.get('/raw', () => new Response('as it is'));
  app.get('/unguarded', (c) => c.json(principalOf(c)));
  return { app, lines, logger };
};

export { thingProblems };
