// The routes, and the roles that may open them. The code of a screen is loaded with its route. Hiding a page is not access
// control: the services check every request.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { sessionQuery, type ProductSearch } from '../api/queries.ts';
import type { OrderStatus, Role, User } from '../api/types.ts';
import { ErrorMessage, Loading } from '../parts/states.tsx';
import { isOrderStatus } from '../parts/order-status.ts';
import { Page } from '../parts/page.tsx';
import { textsIn } from '../parts/search-texts.ts';
import { toFailedSearch } from '../screens/failed/failed-search.ts';
import { toAccessSearch } from '../screens/access/access-search.ts';
import { toOrdersSearch } from '../screens/all-orders/orders-search.ts';
import { toAuditSearch } from '../screens/audit-log/audit-search.ts';
import { toEventsSearch } from '../screens/events/events-search.ts';
import { isSignInFailure, type SignInFailure } from '../screens/sign-in/sign-in-failure.ts';
import { NotFound } from './not-found.tsx';
import { queryClient } from '../api/query-client.ts';
import { Shell } from './shell.tsx';

const homePaths: Readonly<Record<Role, string>> = { USER: '/shop', SELLER: '/to-ship', ADMIN: '/map' };
const homePathOf = (user: User): string => homePaths[user.roles[0] ?? 'USER'];

const currentUser = async (): Promise<User | null> =>
  (await queryClient.query({ ...sessionQuery, staleTime: 60_000 })).user;

/** Users without any of the roles are redirected to their home page. Visitors who are not signed in are redirected to the sign-in
 *  page and, after the sign-in, back to the route. */
const forRoles = (...roles: readonly Role[]) => ({
  beforeLoad: async ({ location }: { location: { href: string } }) => {
    const user = await currentUser();
    if (user === null) throw redirect({ to: '/sign-in', search: { to: location.href } });
    if (!roles.some((role) => user.roles.includes(role))) throw redirect({ href: homePathOf(user) });
  },
});

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: async () => {
    const user = await currentUser();
    throw redirect({ href: user === null ? '/sign-in' : homePathOf(user) });
  },
});

/** The value if it is a path of this application, otherwise undefined. A redirect to another site would help phishing. */
const localPath = (value: unknown): string | undefined =>
  typeof value === 'string' && /^\/(?![/\\])/.test(value) ? value : undefined;

const signInRoute = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search): { to?: string; failed?: SignInFailure } => {
    const to = localPath(search['to']);
    const { failed } = search;
    return {
      ...(to === undefined ? {} : { to }),
      ...(isSignInFailure(failed) ? { failed } : {}),
    };
  },
  beforeLoad: async ({ search: { to } }) => {
    const user = await currentUser();
    if (user !== null) throw redirect({ href: to ?? homePathOf(user) });
  },
  component: lazyRouteComponent(() => import('../screens/sign-in/sign-in-page.tsx'), 'SignInPage'),
});

const signedInRoute = createRoute({
  getParentRoute: () => root,
  path: '/signed-in',
  component: lazyRouteComponent(() => import('../screens/sign-in/signed-in-page.tsx'), 'SignedInPage'),
});

const shopRoute = createRoute({
  getParentRoute: () => root,
  path: '/shop',
  ...forRoles('USER'),
  validateSearch: (search): ProductSearch => ({
    ...textsIn(search, 'q', 'seller'),
    ...(search['sort'] === 'name' || search['sort'] === 'price' || search['sort'] === '-price'
      ? { sort: search['sort'] }
      : {}),
  }),
  component: lazyRouteComponent(() => import('../screens/shop/shop-page.tsx'), 'ShopPage'),
});

const ordersRoute = createRoute({
  getParentRoute: () => root,
  path: '/orders',
  ...forRoles('USER'),
  validateSearch: (search): { status?: OrderStatus } =>
    isOrderStatus(search['status']) ? { status: search['status'] } : {},
  component: lazyRouteComponent(() => import('../screens/orders/orders-page.tsx'), 'OrdersPage'),
});

const orderRoute = createRoute({
  getParentRoute: () => root,
  path: '/orders/$orderId',
  ...forRoles('USER'),
  component: lazyRouteComponent(() => import('../screens/orders/order-page.tsx'), 'OrderPage'),
});

const toShipRoute = createRoute({
  getParentRoute: () => root,
  path: '/to-ship',
  ...forRoles('SELLER'),
  validateSearch: (search): { sort?: 'newest' } => (search['sort'] === 'newest' ? { sort: 'newest' } : {}),
  component: lazyRouteComponent(() => import('../screens/to-ship/to-ship-page.tsx'), 'ToShipPage'),
});

const stockRoute = createRoute({
  getParentRoute: () => root,
  path: '/stock',
  ...forRoles('SELLER'),
  validateSearch: (search): { q?: string; product?: string } => textsIn(search, 'q', 'product'),
  component: lazyRouteComponent(() => import('../screens/stock/stock-page.tsx'), 'StockPage'),
});

const mapRoute = createRoute({
  getParentRoute: () => root,
  path: '/map',
  ...forRoles('ADMIN'),
  component: lazyRouteComponent(() => import('../screens/map/map-page.tsx'), 'MapPage'),
});

const allOrdersRoute = createRoute({
  getParentRoute: () => root,
  path: '/all-orders',
  ...forRoles('ADMIN'),
  validateSearch: toOrdersSearch,
  component: lazyRouteComponent(() => import('../screens/all-orders/all-orders-page.tsx'), 'AllOrdersPage'),
});

const sagaRoute = createRoute({
  getParentRoute: () => root,
  path: '/all-orders/$id',
  ...forRoles('ADMIN'),
  validateSearch: (search): { event?: string; view?: 'table' } => ({
    ...textsIn(search, 'event'),
    ...(search['view'] === 'table' ? { view: 'table' } : {}),
  }),
  component: lazyRouteComponent(() => import('../screens/saga/saga-page.tsx'), 'SagaPage'),
});

const pipelinesRoute = createRoute({
  getParentRoute: () => root,
  path: '/pipelines',
  ...forRoles('ADMIN'),
  component: lazyRouteComponent(() => import('../screens/pipelines/pipelines-page.tsx'), 'PipelinesPage'),
});

const invariantsRoute = createRoute({
  getParentRoute: () => root,
  path: '/invariants',
  ...forRoles('ADMIN'),
  component: lazyRouteComponent(() => import('../screens/invariants/invariants-page.tsx'), 'InvariantsPage'),
});

const failedRoute = createRoute({
  getParentRoute: () => root,
  path: '/failed',
  ...forRoles('ADMIN'),
  validateSearch: toFailedSearch,
  component: lazyRouteComponent(() => import('../screens/failed/failed-page.tsx'), 'FailedPage'),
});

const eventsRoute = createRoute({
  getParentRoute: () => root,
  path: '/events',
  ...forRoles('ADMIN'),
  validateSearch: toEventsSearch,
  component: lazyRouteComponent(() => import('../screens/events/events-page.tsx'), 'EventsPage'),
});

const runbookRoute = createRoute({
  getParentRoute: () => root,
  path: '/runbooks/$name',
  ...forRoles('ADMIN'),
  component: lazyRouteComponent(() => import('../screens/runbooks/runbook-page.tsx'), 'RunbookPage'),
});

const accessRoute = createRoute({
  getParentRoute: () => root,
  path: '/access',
  ...forRoles('ADMIN'),
  validateSearch: toAccessSearch,
  component: lazyRouteComponent(() => import('../screens/access/access-page.tsx'), 'AccessPage'),
});

const auditLogRoute = createRoute({
  getParentRoute: () => root,
  path: '/audit-log',
  ...forRoles('ADMIN'),
  validateSearch: toAuditSearch,
  component: lazyRouteComponent(() => import('../screens/audit-log/audit-log-page.tsx'), 'AuditLogPage'),
});

const statusRoute = createRoute({
  getParentRoute: () => root,
  path: '/status',
  component: lazyRouteComponent(() => import('../screens/status/status-page.tsx'), 'StatusPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    signInRoute,
    signedInRoute,
    shopRoute,
    ordersRoute,
    orderRoute,
    toShipRoute,
    stockRoute,
    mapRoute,
    allOrdersRoute,
    sagaRoute,
    pipelinesRoute,
    runbookRoute,
    invariantsRoute,
    failedRoute,
    eventsRoute,
    accessRoute,
    auditLogRoute,
    statusRoute,
  ]),
  // Without `strict`, a parameter that `validateSearch` drops would still reach the screen.
  search: { strict: true },
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultPendingComponent: () => <Loading />,
  defaultErrorComponent: ({ error, reset }) => (
    <Page title="This page failed to load">
      <ErrorMessage error={error} retry={reset} />
    </Page>
  ),
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
