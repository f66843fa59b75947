// Builds the HTTP application of a process from the parts that all processes have in common: the edge, the error handling and the
// endpoints that describe the process. The invariant: every response carries X-Correlation-Id, and every error is a problem of the
// catalogue.
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { cors } from 'hono/cors';
import { createGuards } from '../limits/guards.ts';
import type { Logger } from '../../process/logger.ts';
import { createMetrics, type Metrics } from '../../telemetry/metrics.ts';
import { problem, standardProblems, type HttpProblem, type ProblemKinds } from '../endpoint/problem.ts';
import { pathPrefixOf, problemBody, problemMediaType } from '../endpoint/problem-document.ts';
import { routePatternOf, type App, type AppContext, type AppEnv, type Guards } from './request-context.ts';
import { traceIdOf } from '../../telemetry/tracing.ts';
import { refuseInvalid } from './validation.ts';
import {
  edge,
  securityHeaders,
  defaultContentPolicy,
  exposedHeaders,
  limitBody,
  privateResponses,
  publicLocations,
} from './edge.ts';
import { toProblem } from './errors.ts';
import { registerDescriptionRoutes } from './self-description.ts';

interface AppOptions {
  readonly logger: Logger;
  /** Shown in the OpenAPI document. */
  readonly title: string;
  readonly description?: string;
  /** `kinds` of `defineProblems`; the standard problems when absent. */
  readonly problems?: ProblemKinds;
  /** URL under which clients reach this process, without a trailing slash; see `problemBody`. */
  readonly publicUrl?: string | undefined;
  /** Origins whose pages may call this process from a browser; none when absent. */
  readonly corsOrigins?: readonly string[];
  readonly metrics?: Metrics;
  /** When absent, the default limits apply and every token is refused, so only public endpoints can be called. */
  readonly guards?: Guards;
}

const maximumBodyBytes = 1024 * 1024;

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

const allowedMethods = (app: App, path: string): string[] => {
  const served = methods.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
  return [...served, ...(served.includes('GET') ? ['HEAD'] : [])];
};

/**
 * Builds the application; its only endpoints are those that describe the process. A handler throws `problem(…)`; `toProblem` maps
 * every other error.
 */
export const createApp = ({
  logger,
  title,
  description,
  problems = standardProblems,
  publicUrl = '',
  corsOrigins = [],
  metrics = createMetrics(),
  guards = createGuards(),
}: AppOptions): App => {
  const app: App = new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid });
  const answer = (c: AppContext, httpProblem: HttpProblem): Response => {
    c.set('problem', httpProblem.code);
    const body = problemBody(httpProblem, {
      base: publicUrl,
      instance: c.req.path,
      correlationId: c.get('correlationId'),
    });
    return c.body(JSON.stringify(body), httpProblem.status, {
      ...httpProblem.headers,
      'Content-Type': problemMediaType,
    });
  };

  app.use(edge(logger, metrics, guards));
  app.use(securityHeaders, defaultContentPolicy, privateResponses, publicLocations(pathPrefixOf(publicUrl)));
  if (corsOrigins.length > 0) {
    const allowMethods = (_origin: string, c: Context) => allowedMethods(app, c.req.path);
    app.use(cors({ origin: [...corsOrigins], allowMethods, exposeHeaders: exposedHeaders, maxAge: 600 }));
  }
  app.use(limitBody(maximumBodyBytes));
  app.onError((error, c) => {
    const httpProblem = toProblem(error, problems);
    if (httpProblem.status === 500) logger.error('request crashed', { ...requestFields(c), error });
    else if (httpProblem.status > 500) logger.warn('request refused', { ...requestFields(c), error });
    return answer(c, httpProblem);
  });
  app.notFound((c) => {
    const allowed = allowedMethods(app, c.req.path);
    if (allowed.length === 0) return answer(c, problem('not_found', { detail: 'This path does not exist.' }));
    const allow = allowed.join(', ');
    return answer(
      c,
      problem('method_not_allowed', { detail: `Allowed: ${allow}.`, headers: { Allow: allow } }),
    );
  });
  registerDescriptionRoutes(app, { title, description, problems, publicUrl, metrics });
  return app;
};

const requestFields = (c: AppContext) => ({
  correlationId: c.get('correlationId'),
  traceId: traceIdOf(c.get('traceparent')),
  method: c.req.method,
  route: routePatternOf(c),
  ...c.get('entityIds'),
});
