// The context of the current request, which the edge and the guard of the endpoint set. Handlers read the caller and the ids of the
// request from the context, never from headers.
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PersonsAction } from '../../audit-log/audit-log.ts';
import type { Admission, ConcurrencyLimiter } from '../limits/load-shedding.ts';
import type { Logger } from '../../process/logger.ts';
import type { Access, Role } from '../endpoint/permissions.ts';
import { problem } from '../endpoint/problem.ts';
import { uuid, withLowerUuids } from '../request/text.ts';
import type { RateLimiter } from '../limits/rate-limit.ts';
import type { MessageContext } from '../../transaction/message-context.ts';
import type { EntityIds } from '../../telemetry/tracing.ts';

/** The caller, taken from the verified token. */
export interface Principal {
  readonly subject: string;
  readonly email: string | undefined;
  readonly roles: readonly Role[];
}

/** The parts of the guard of an endpoint; see endpoint.ts. */
export interface Guards {
  /** The caller of a request; throws the 401 problem, or 503 when the issuer does not answer. */
  readonly authenticate: (c: AppContext) => Promise<Principal>;
  /** Counts per subject; requests without a token are not counted. */
  readonly rateLimiter: RateLimiter;
  readonly admission: Admission;
  /** Counts per subject. */
  readonly concurrencyLimiter: ConcurrencyLimiter;
  /** Milliseconds after which a request is answered 503, or 408 while its body is arriving. Its work may continue. */
  readonly requestTimeoutMs: number;
}

export interface AppEnv {
  Bindings: { incoming?: IncomingMessage; outgoing?: ServerResponse };
  Variables: {
    correlationId: string;
    requestId: string;
    traceparent: string;
    entityIds: EntityIds;
    logger: Logger;
    guards: Guards;
    /** Undefined until the guard of the endpoint has authenticated the caller. */
    principal: Principal | undefined;
    action: string | undefined;
    access: Access | undefined;
    /** Code of the problem in the response. */
    problem: string | undefined;
  };
}
export type App = OpenAPIHono<AppEnv>;
export type AppContext = Context<AppEnv>;

/** The context of the events that this request causes; the request is their direct cause. */
export const messageContextOf = (c: AppContext): MessageContext => ({
  correlationId: c.get('correlationId'),
  causationId: c.get('requestId'),
  traceparent: c.get('traceparent'),
  actor: c.get('principal')?.subject ?? 'anonymous',
  ...(c.get('principal') === undefined ? {} : { action: personsActionOf(c) }),
});

/** Adds ids to the log line and the span of the request. `ids` must not contain free text of a client. */
export const addEntityIds = (c: AppContext, ids: EntityIds): void => {
  c.set('entityIds', { ...c.get('entityIds'), ...ids });
};

/** Adds the id in the path parameter `param` as `name`, also for a request that fails later. */
export const entityIdFromPath =
  (name: string, param: string): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    const id = uuid.safeParse(c.req.param(param));
    if (id.success) addEntityIds(c, { [name]: id.data });
    await next();
  };

/** The pattern of the matched route, such as `/v1/things/:id`; never the path, which has unbounded values. */
export const routePatternOf = (c: AppContext): string =>
  matchedRoutes(c)
    .filter(({ method }) => method !== 'ALL')
    .at(-1)?.path ?? 'unmatched';

/** The caller's action for the audit log. Throws the 401 problem when nobody has been authenticated. */
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

/** The caller. Throws the 401 problem when nobody has been authenticated, so a missing guard admits nobody. */
export const principalOf = (c: AppContext): Principal => {
  const principal = c.get('principal');
  if (principal === undefined)
    throw problem('unauthenticated', { headers: { 'WWW-Authenticate': 'Bearer' } });
  return principal;
};

/** The caller and the access that the permission table grants. Throws the 403 problem when no guard has granted access. */
export const callerOf = (c: AppContext): Access & { readonly subject: string } => {
  const { subject } = principalOf(c);
  const access = c.get('access');
  if (access === undefined) throw problem('forbidden');
  return { ...access, subject };
};
