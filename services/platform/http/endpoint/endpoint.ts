// An endpoint is made from an entry of a permission table and includes its guard: admission, and then, within the time limit,
// authentication, rate limit, permission and the caller's limit of concurrent requests. `assertPermitted` refuses a process with a
// route that is in no table.
import { createRoute, z, type RouteConfig } from '@hono/zod-openapi';
import type { MiddlewareHandler, Next } from 'hono';
import {
  accessOf,
  describeAccess,
  roles,
  type NamedPermission,
  type Permission,
  type PermissionTable,
} from './permissions.ts';
import { problem, type HttpProblem } from './problem.ts';
import { problemResponses } from './problem-document.ts';
import { withTimeout } from '../../process/timeout.ts';
import { assertReadable } from '../server/readable-body.ts';
import type { App, AppContext, AppEnv, Guards } from '../server/request-context.ts';

type Inputs = NonNullable<RouteConfig['request']>;

type Described = Pick<
  RouteConfig,
  'summary' | 'description' | 'tags' | 'parameters' | 'request' | 'responses'
>;
interface EndpointConfig extends Described {
  /** Statuses of the handler's problems. The statuses of the guard and of invalid input are added. */
  readonly problems?: readonly number[];
  /**
   * `probe`: answered without a guard, even under overload. `stream`: stays open, so it is not counted among the requests
   * under way and has no time limit; its handler limits it.
   */
  readonly kind?: 'probe' | 'stream';
}

/** Refuses unknown query parameters: a misspelt filter would be ignored, and the caller would get more than it asked for. */
const withStrictQuery = (request: Inputs): Inputs =>
  request.query instanceof z.ZodObject ? { ...request, query: request.query.strict() } : request;

/** `{id}` becomes `:id`. */
const routingPath = (path: string): string => path.replaceAll(/\{(.+?)\}/g, ':$1');

const inputProblems = ({ request }: EndpointConfig, { path, method }: Permission): number[] => [
  ...(request?.headers === undefined ? [] : [400]),
  // The body limit also holds for endpoints that take no body.
  ...(method === 'get' ? [] : [413]),
  ...(path.includes('{') ? [404] : []),
  ...(request?.query === undefined ? [] : [422]),
  ...(request?.body === undefined ? [] : [400, 408, 415, 422]),
];

const guardProblems = ({ allow }: Permission, { kind }: EndpointConfig): number[] => {
  if (kind === 'probe') return [];
  if (typeof allow === 'string') return allow === 'anyone' ? [503] : [403, 503];
  const everyRole = roles.every((role) => allow[role] !== undefined);
  return [401, ...(everyRole ? [] : [403]), 429, 503];
};

/**
 * The route of an action: the table gives method, path, security and the problems of the guard, `config` gives request and
 * responses. It is registered with `app.openapi(endpoint(…), handler)`.
 */
export function endpoint<P extends NamedPermission, const C extends EndpointConfig>(entry: P, config: C) {
  const { problems = [], kind, description, responses, summary, tags, parameters, request } = config;
  const statuses = [
    ...new Set([...guardProblems(entry, config), ...inputProblems(config, entry), ...problems]),
  ].filter((status) => !Object.hasOwn(responses, status));
  const route: RouteConfig = {
    ...(summary === undefined ? {} : { summary }),
    ...(tags === undefined ? {} : { tags }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(request === undefined ? {} : { request: withStrictQuery(request) }),
    method: entry.method,
    path: entry.path,
    operationId: entry.action,
    description: [describeAccess(entry), description].filter((text) => text !== undefined).join(' '),
    ...(typeof entry.allow === 'string' ? {} : { security: [{ bearer: [] }] }),
    responses: { ...responses, ...problemResponses(...statuses) },
    middleware: guard(entry, { kind, takesBody: request?.body !== undefined }),
    'x-scopes': entry.allow,
  };
  // Safe: the route has the method and path of the entry, and the responses and inputs of `config`.
  return createRoute(route as RouteOf<P, C>);
}

/** The route as handlers and clients see it; problems are thrown, so they are not among the responses. */
type RouteOf<P extends NamedPermission, C extends EndpointConfig> = Pick<P, 'method' | 'path'> &
  Pick<C, 'responses'> &
  (C extends { readonly request: infer R extends object } ? { readonly request: R } : object);

const guard =
  (
    permission: NamedPermission,
    { kind, takesBody }: { readonly kind: EndpointConfig['kind']; readonly takesBody: boolean },
  ): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    c.set('action', permission.action);
    if (kind === 'probe') {
      await next();
      return;
    }
    const guards = c.get('guards');
    if (kind === 'stream') {
      await authorise(c, permission, guards);
      await next();
      return;
    }
    const release = guards.admission.admit();
    const work = authoriseAndRun(c, { permission, takesBody }, guards, next);
    // Released when the work ends, not at the time limit: work that continues without being counted would accumulate.
    void work.then(release, release);
    await withTimeout(work, guards.requestTimeoutMs, () => timeoutProblem(c));
  };

async function authoriseAndRun(
  c: AppContext,
  { permission, takesBody }: { readonly permission: NamedPermission; readonly takesBody: boolean },
  guards: Guards,
  next: Next,
): Promise<void> {
  await authorise(c, permission, guards);
  const principal = c.get('principal');
  // For a request without a caller, only the limit of the process applies.
  const release = principal && guards.concurrencyLimiter.take(principal.subject);
  try {
    if (takesBody) await assertReadable(c);
    await next();
  } finally {
    release?.();
  }
}

/** 408 while the client is still sending its body, else 503. */
const timeoutProblem = (c: AppContext): HttpProblem =>
  c.env.incoming?.complete === false
    ? problem('request_timeout', { headers: { Connection: 'close' } })
    : problem('timed_out', { headers: { 'Retry-After': '1' } });

async function authorise(c: AppContext, permission: Permission, guards: Guards): Promise<void> {
  if (typeof permission.allow === 'string') return;
  const principal = await guards.authenticate(c);
  c.set('principal', principal);
  await guards.rateLimiter.take(principal.subject);
  const access = accessOf(permission, principal.roles);
  if (!access) throw problem('forbidden', { detail: describeAccess(permission) });
  c.set('access', access);
}

/**
 * Throws when the application has a route that is in none of the tables (the route could be unguarded), or lacks a route of the
 * tables that is not optional.
 */
export function assertPermitted(app: App, process: string, ...tables: readonly PermissionTable[]): void {
  const key = (method: string, path: string): string => `${method.toUpperCase()} ${path}`;
  const listed = tables.flatMap((table) => Object.values(table));
  const known = new Set(listed.map(({ method, path }) => key(method, routingPath(path))));
  // Middleware is registered for ALL methods.
  const routes = app.routes.filter(({ method }) => method !== 'ALL');
  const served = new Set(routes.map(({ method, path }) => key(method, path)));
  const unlisted = [...served].filter((route) => !known.has(route));
  const missing = listed
    .filter(({ optional, method, path }) => optional !== true && !served.has(key(method, routingPath(path))))
    .map(({ method, path }) => key(method, path));
  if (unlisted.length + missing.length === 0) return;
  throw new Error(
    `the routes of ${process} are not those of the permission tables: unlisted ${unlisted.join(', ') || 'none'}; missing ${missing.join(', ') || 'none'}`,
  );
}
