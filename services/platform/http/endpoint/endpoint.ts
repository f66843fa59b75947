// An endpoint is made from an entry of a permission table and brings its guard along: admission, authentication, rate
// limit, permission, time limit, in this order. There is no other way to a route, so none can be left unguarded.
import { createRoute, type RouteConfig } from '@hono/zod-openapi';
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
import { assertReadable } from '../server/readable-body.ts';
import type { App, AppContext, AppEnv, Guards } from '../server/request-context.ts';

type Described = Pick<
  RouteConfig,
  'summary' | 'description' | 'tags' | 'parameters' | 'request' | 'responses'
>;
export interface EndpointConfig extends Described {
  /** Statuses of the problems that are particular to it; those of its guard and its input are known. */
  readonly problems?: readonly number[];
  /**
   * `probe`: answered even when everything else is turned away. `stream`: stays open, so neither counted among the
   * requests under way nor limited in time; it has a limit of its own.
   */
  readonly kind?: 'probe' | 'stream';
}

/** The path as routers write it: `{id}` becomes `:id`. */
const routingPath = (path: string): string => path.replaceAll(/\{(.+?)\}/g, ':$1');

const inputProblems = ({ request }: EndpointConfig, { path, method }: Permission): number[] => [
  ...(request?.headers === undefined ? [] : [400]),
  // What takes no body refuses one that is too large all the same.
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
 * The route of an action: method, path, security and the problems of its guard come from the table, what it takes and
 * gives from `config`. To be registered with `app.openapi(endpoint(…), handler)`.
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
    ...(request === undefined ? {} : { request }),
    method: entry.method,
    path: entry.path,
    operationId: entry.action,
    description: [describeAccess(entry), description].filter((text) => text !== undefined).join(' '),
    ...(typeof entry.allow === 'string' ? {} : { security: [{ bearer: [] }] }),
    responses: { ...responses, ...problemResponses(...statuses) },
    middleware: guard(entry, { kind, takesBody: request?.body !== undefined }),
    'x-scopes': entry.allow,
  };
  // Safe: the route has method and path of the entry, and what `config` takes and gives as it is.
  return createRoute(route as RouteOf<P, C>);
}

/** What handlers and clients know of a route; problems are thrown, so they are not among the answers. */
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
    const work = carryOut(c, { permission, takesBody }, guards, next);
    // Not when it is answered: what goes on after its time limit is still work, and would pile up uncounted.
    void work.then(release, release);
    await within(work, guards.requestTimeoutMs, () => late(c));
  };

async function carryOut(
  c: AppContext,
  { permission, takesBody }: { readonly permission: NamedPermission; readonly takesBody: boolean },
  guards: Guards,
  next: Next,
): Promise<void> {
  await authorise(c, permission, guards);
  const principal = c.get('principal');
  // Who is not known has no share; an endpoint for everyone is bounded by the places of all.
  const giveBack = principal && guards.concurrencyLimiter.take(principal.subject);
  try {
    if (takesBody) await assertReadable(c);
    await next();
  } finally {
    giveBack?.();
  }
}

/** Whose fault it is that there is no answer yet: a client that is still sending has nothing to wait for. */
const late = (c: AppContext): HttpProblem =>
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

async function within(work: Promise<void>, timeoutMs: number, failure: () => HttpProblem): Promise<void> {
  const overdue = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    overdue.reject(failure());
  }, timeoutMs);
  try {
    await Promise.race([work, overdue.promise]);
  } finally {
    clearTimeout(timer);
    // Whatever becomes of it after the time limit has nobody left to be told to; its transaction is bounded by itself.
    work.catch(() => undefined);
  }
}

/**
 * Refuses an application whose routes are not those of its tables: an unlisted one would be unguarded, a missing one
 * would be a promise that is not kept.
 * @throws Error naming the routes.
 */
export function assertPermitted(app: App, process: string, ...tables: readonly PermissionTable[]): void {
  const key = (method: string, path: string): string => `${method.toUpperCase()} ${path}`;
  const listed = tables.flatMap((table) => Object.values(table));
  const known = new Set(listed.map(({ method, path }) => key(method, routingPath(path))));
  // Middleware answers to every method.
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
