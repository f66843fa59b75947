// What the edge knows about the request under way. Handlers read it through the functions below, never from the request.
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PersonsAction } from '../../audit-log/audit-log.ts';
import type { Admission, Shares } from '../limits/load-shedding.ts';
import type { Logger } from '../../process/logger.ts';
import type { Access, Role } from '../endpoint/permissions.ts';
import { problem } from '../endpoint/problem.ts';
import { uuid, withLowerUuids } from '../request/text.ts';
import type { RateLimiter } from '../limits/rate-limit.ts';
import type { MessageContext } from '../../transaction/message-context.ts';
import type { About } from '../../telemetry/tracing.ts';

/** Who calls, as vouched for by the issuer. */
export interface Principal {
  readonly subject: string;
  readonly email: string | undefined;
  readonly roles: readonly Role[];
}

/** What stands between the network and every endpoint of a process. */
export interface Guards {
  /** The caller of a request; throws the 401 problem, or 503 when the issuer does not answer. */
  readonly authenticate: (c: AppContext) => Promise<Principal>;
  /** Of requests with a token, by subject. */
  readonly rateLimiter: RateLimiter;
  readonly admission: Admission;
  /** Of the requests under way, by subject. */
  readonly shares: Shares;
  /** Milliseconds after which a request is answered 503 although its work may go on. */
  readonly requestTimeoutMs: number;
}

export interface AppEnv {
  Bindings: { incoming?: IncomingMessage; outgoing?: ServerResponse };
  Variables: {
    correlationId: string;
    requestId: string;
    traceparent: string;
    /** Ids of what the request is about. */
    about: About;
    logger: Logger;
    guards: Guards;
    /** Undefined until the guard of an endpoint has found out. */
    principal: Principal | undefined;
    action: string | undefined;
    access: Access | undefined;
    /** Code of the problem that was answered. */
    problem: string | undefined;
  };
}
export type App = OpenAPIHono<AppEnv>;
export type AppContext = Context<AppEnv>;

/** Where the work of this request comes from; the request itself is the direct cause. */
export const messageContextOf = (c: AppContext): MessageContext => ({
  correlationId: c.get('correlationId'),
  causationId: c.get('requestId'),
  traceparent: c.get('traceparent'),
  actor: c.get('principal')?.subject ?? 'anonymous',
  ...(c.get('principal') === undefined ? {} : { action: personsActionOf(c) }),
});

/** Says what the request is about, for its log line and its span: ids only, never what a client calls things. */
export const isAbout = (c: AppContext, about: About): void => {
  c.set('about', { ...c.get('about'), ...about });
};

/** The same for a path that names the thing in its parameter `param`, whatever then comes of the request. */
export const pathIsAbout =
  (name: string, param: string): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    const id = uuid.safeParse(c.req.param(param));
    if (id.success) isAbout(c, { [name]: id.data });
    await next();
  };

/** The pattern of the matched route, such as `/v1/things/:id`; never the path itself, which would be unbounded. */
export const routePatternOf = (c: AppContext): string =>
  matchedRoutes(c)
    .filter(({ method }) => method !== 'ALL')
    .at(-1)?.path ?? 'unmatched';

/** What the caller asks for, as the audit log keeps it. Throws the 401 problem when nobody has been authenticated. */
export const personsActionOf = (c: AppContext): PersonsAction => {
  const { subject, roles } = principalOf(c);
  const pattern = routePatternOf(c);
  const segment = pattern.split('/').findIndex((part) => part.startsWith(':'));
  return {
    subject,
    roles,
    name: c.get('action') ?? `${c.req.method} ${pattern}`,
    resource: segment === -1 ? null : withLowerUuids(c.req.path.split('/')[segment] ?? '') || null,
    correlationId: c.get('correlationId'),
    requestId: c.get('requestId'),
  };
};

/** The caller. Throws the 401 problem when nobody has been authenticated, so a forgotten guard cannot let anyone in. */
export const principalOf = (c: AppContext): Principal => {
  const principal = c.get('principal');
  if (principal === undefined)
    throw problem('unauthenticated', { headers: { 'WWW-Authenticate': 'Bearer' } });
  return principal;
};

/** The caller and how much the table lets them reach. Throws the 403 problem when no guard has granted anything. */
export const callerOf = (c: AppContext): Access & { readonly subject: string } => {
  const { subject } = principalOf(c);
  const access = c.get('access');
  if (access === undefined) throw problem('forbidden');
  return { ...access, subject };
};
