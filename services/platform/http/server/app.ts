// Composes the application that every service shares: the edge, the refusals and the pages about the process itself. The
// invariant: every response carries X-Correlation-Id, and every error is a catalogued problem. Without one composition, each
// handler would invent its own errors and a request could not be followed through the logs.
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
import { edge, secure, strictPolicy, exposedHeaders, limitBody, publicLocations } from './edge.ts';
import { toProblem } from './errors.ts';
import { describeProcess } from './self-description.ts';

export interface AppOptions {
  readonly logger: Logger;
  /** Shown in the OpenAPI document. */
  readonly title: string;
  readonly version?: string;
  readonly description?: string;
  /** Catalogue of `defineProblems(…).kinds`; the standard ones when absent. */
  readonly problems?: ProblemKinds;
  /** Address under which clients reach this service, without a trailing slash; see `problemBody`. */
  readonly publicUrl?: string | undefined;
  /** Bytes; 1 MiB when absent. */
  readonly maximumBodyBytes?: number;
  /** Origins whose pages may call from a browser; none when absent. */
  readonly corsOrigins?: readonly string[];
  readonly metrics?: Metrics;
  /** Those of the default settings when absent; they know no callers, so only endpoints for everyone are reached. */
  readonly guards?: Guards;
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** The methods that an address has. */
const allowedMethods = (app: App, path: string): string[] => {
  const own = methods.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
  return [...own, ...(own.includes('GET') ? ['HEAD'] : [])];
};

/**
 * An application with the shared edge and, when it is complete, `/openapi.json` (OpenAPI 3.1), `/docs`, `/metrics` and
 * `/problems/:code`. Handlers throw `problem(…)`; anything else they throw is answered 500 and logged with its stack.
 */
export const createApp = ({
  logger,
  title,
  version = '1.0.0',
  description,
  problems = standardProblems,
  publicUrl = '',
  maximumBodyBytes = 1024 * 1024,
  corsOrigins = [],
  metrics = createMetrics(),
  guards = createGuards(),
}: AppOptions): App => {
  const app: App = new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid });
  const answer = (c: AppContext, failure: HttpProblem): Response => {
    c.set('problem', failure.code);
    const body = problemBody(failure, {
      base: publicUrl,
      instance: c.req.path,
      correlationId: c.get('correlationId'),
    });
    return c.body(JSON.stringify(body), failure.status, {
      ...failure.headers,
      'Content-Type': problemMediaType,
    });
  };

  app.use(edge(logger, metrics, guards));
  app.use(secure, strictPolicy, publicLocations(pathPrefixOf(publicUrl)));
  if (corsOrigins.length > 0) {
    const allowMethods = (_origin: string, c: Context) => allowedMethods(app, c.req.path);
    app.use(cors({ origin: [...corsOrigins], allowMethods, exposeHeaders: exposedHeaders, maxAge: 600 }));
  }
  app.use(limitBody(maximumBodyBytes));
  app.onError((error, c) => {
    const failure = toProblem(error, problems);
    if (failure.status === 500) logger.error('request crashed', { ...requestFields(c), error });
    else if (failure.status > 500) logger.warn('request refused', { ...requestFields(c), error });
    return answer(c, failure);
  });
  app.notFound((c) => {
    const allowed = allowedMethods(app, c.req.path);
    if (allowed.length === 0)
      return answer(c, problem('not_found', { detail: 'There is nothing at this address.' }));
    const allow = allowed.join(', ');
    return answer(
      c,
      problem('method_not_allowed', { detail: `Allowed: ${allow}.`, headers: { Allow: allow } }),
    );
  });
  describeProcess(app, { title, version, description, problems, publicUrl, metrics });
  return app;
};

const requestFields = (c: AppContext) => ({
  correlationId: c.get('correlationId'),
  traceId: traceIdOf(c.get('traceparent')),
  method: c.req.method,
  route: routePatternOf(c),
  ...c.get('about'),
});
