// The routes that arm and disarm faults. They exist only where faults are enabled, and they require the chaos token.
import { permissionsOfServices } from '../endpoint/permissions.ts';
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { endpoint } from '../endpoint/endpoint.ts';
import { type App } from '../server/request-context.ts';
import { faultSchema, type Faults } from '../../process/faults.ts';
import { problem } from '../endpoint/problem.ts';
import { problemResponses } from '../endpoint/problem-document.ts';
import { json, jsonBody } from '../request/shapes.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export function registerFaultRoutes(app: App, faults: Faults, token: string): void {
  const content = json(z.object({ armed: z.array(faultSchema) }));
  const request = { headers: z.object({ 'x-chaos-token': z.string().max(200) }) };
  const responses = {
    200: { description: 'The faults that are armed now', content },
    ...problemResponses(400, 403, 422),
  };
  const check = (given: string): void => {
    if (!timingSafeEqual(digest(given), digest(token))) throw problem('forbidden');
  };
  const state = () => ({ armed: [...faults.armed()] });

  app.openapi(
    endpoint(permissionsOfServices['faults.arm'], {
      summary: 'Arm a fault',
      request: { ...request, body: jsonBody(faultSchema) },
      responses,
    }),
    (c) => {
      check(c.req.valid('header')['x-chaos-token']);
      faults.arm(c.req.valid('json'));
      return c.json(state(), 200);
    },
  );
  app.openapi(
    endpoint(permissionsOfServices['faults.disarm'], {
      summary: 'Disarm all faults',
      request,
      responses,
    }),
    (c) => {
      check(c.req.valid('header')['x-chaos-token']);
      faults.disarm();
      return c.json(state(), 200);
    },
  );
}
