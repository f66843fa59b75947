// The endpoints with which every process describes itself: its OpenAPI document with a page that shows it, a page per problem
// code, and its metrics. None of this is secret.
import { permissionsOfProcesses } from '../endpoint/permissions.ts';
import { z } from 'zod';
import { docsAsset, docsPage, docsPolicy } from './docs.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { problem, type ProblemKinds } from '../endpoint/problem.ts';
import { problemPage, problemPagePolicy } from '../endpoint/problem-document.ts';
import type { App } from './request-context.ts';

interface Description {
  readonly title: string;
  readonly description: string | undefined;
  readonly problems: ProblemKinds;
  readonly publicUrl: string;
  readonly metrics: Metrics;
}

const text = (type: string, schema: z.ZodType = z.string()) => ({ [type]: { schema } });

/** Adds `/openapi.json`, `/docs`, `/docs/:asset`, `/problems/:code` and `/metrics`. */
export function registerDescriptionRoutes(
  app: App,
  { title, description, problems, publicUrl, metrics }: Description,
): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  });
  const tags = ['about'];
  app.openapi(
    endpoint(permissionsOfProcesses['api.document'], {
      tags,
      kind: 'probe',
      summary: 'The OpenAPI document',
      responses: {
        200: { description: 'OpenAPI 3.1', content: text('application/json', z.looseObject({})) },
      },
    }),
    (c) => {
      const document = app.getOpenAPI31Document({
        openapi: '3.1.0',
        info: { title, version: '1.0.0', ...(description === undefined ? {} : { description }) },
        ...(publicUrl === '' ? {} : { servers: [{ url: publicUrl }] }),
      });
      return c.json({ ...document }, 200);
    },
  );
  app.openapi(
    endpoint(permissionsOfProcesses['api.docs'], {
      tags,
      summary: 'The page that shows the API',
      responses: { 200: { description: 'A page', content: text('text/html') } },
    }),
    (c) => c.html(docsPage(title), 200, { 'Content-Security-Policy': docsPolicy }),
  );
  app.openapi(
    endpoint(permissionsOfProcesses['api.docs-asset'], {
      tags,
      summary: 'A file of the page',
      request: { params: z.object({ asset: z.string().max(100) }) },
      responses: {
        200: {
          description: 'A script or a style sheet',
          content: { ...text('text/javascript'), ...text('text/css') },
        },
      },
    }),
    async (c) => {
      const asset = await docsAsset(c.req.valid('param').asset);
      if (!asset) throw problem('not_found');
      return c.body(asset.content, 200, { 'Content-Type': asset.type, 'Cache-Control': 'max-age=3600' });
    },
  );
  app.openapi(
    endpoint(permissionsOfProcesses['api.problem'], {
      tags,
      summary: 'The page that explains a problem',
      request: { params: z.object({ code: z.string().max(100) }) },
      responses: { 200: { description: 'A page', content: text('text/html') } },
    }),
    (c) => {
      const { code } = c.req.valid('param');
      const kind = Object.hasOwn(problems, code) ? problems[code] : undefined;
      if (kind === undefined) throw problem('not_found');
      return c.html(problemPage(code, kind), 200, { 'Content-Security-Policy': problemPagePolicy });
    },
  );
  app.openapi(
    endpoint(permissionsOfProcesses['metrics.read'], {
      tags,
      kind: 'probe',
      summary: 'Metrics in the text format of Prometheus',
      responses: { 200: { description: 'Metrics', content: text('text/plain') } },
    }),
    async (c) =>
      c.text(await metrics.registry.metrics(), 200, { 'Content-Type': metrics.registry.contentType }),
  );
}
