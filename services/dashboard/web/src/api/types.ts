// The response types of the services, inferred from their API definitions. Only types are imported, so the bundle of the pages
// contains no server code.
import type { z } from 'zod';
import type {
  ConnectorAction,
  flowView,
  incidentsView,
  invariantsView,
  overviewView,
  storyEventView,
  storyView,
} from '../../../../auditor/http/api.ts';
import type { movementView, productView } from '../../../../inventory/http/api.ts';
import type { orderStatus, orderView, trailView } from '../../../../order/http/api.ts';
import type { paymentView } from '../../../../payment/http/api.ts';
import type {
  DeadLetterGroup,
  DeadLetterSummary,
  GroupReplayed,
  Replayed,
  WholeDeadLetter,
} from '../../../../platform/http/routes/dead-letters-api.ts';
import type { entryView, verificationView } from '../../../../platform/http/routes/audit-http.ts';
import type { CatalogueEvent, EventChanges } from '../../../server/catalogue/event-catalogue.ts';
import type { PermissionEntry } from '../../../server/catalogue/permission-matrix.ts';
import type { PartHealth } from '../../../server/parts-health.ts';
import type { FunctionHealth, SystemHealth } from '../../../server/public-health.ts';
import type { sessionView } from '../../../server/session/session-routes.ts';
import type { ServiceUrls } from '../../../server/web/service-proxy.ts';

export type { DeadLetterSummary, Replayed, WholeDeadLetter };
/** The dead letters of a service with the same fingerprint. In the API, its name is `group`. */
export type DeadLetterCause = DeadLetterGroup;
export type CauseReplayed = GroupReplayed;
export type DeadLetterState = DeadLetterSummary['state'];
export type ServiceName = Exclude<keyof ServiceUrls, 'auditor'>;
export type { CatalogueEvent, EventChanges, FunctionHealth, PartHealth, PermissionEntry, SystemHealth };
export type Session = z.infer<typeof sessionView>;
export type User = NonNullable<Session['user']>;
export type Role = User['roles'][number];
export type Product = z.infer<typeof productView>;
export type Order = z.infer<typeof orderView>;
export type OrderItem = Order['items'][number];
export type OrderStatus = z.infer<typeof orderStatus>;
export type OrderHistory = z.infer<typeof trailView>['data'];
export type HistoryEntry = OrderHistory[number];
export type Movement = z.infer<typeof movementView>;
export type Payment = z.infer<typeof paymentView>;
export type Story = z.infer<typeof storyView>;
export type StoryEvent = z.infer<typeof storyEventView>;
export type Flow = z.infer<typeof flowView>;
export type PipelinesOverview = z.infer<typeof overviewView>;
export type Pipeline = PipelinesOverview['pipelines'][number];
export type PipelineProblem = Pipeline['problems'][number];
export type Incidents = z.infer<typeof incidentsView>;
export type Invariants = z.infer<typeof invariantsView>;
export type { ConnectorAction };
export type AuditEntry = z.infer<typeof entryView>;
export type AuditVerification = z.infer<typeof verificationView>;
export type Money = Order['total'];

export interface Page<T> {
  readonly data: T[];
  readonly nextCursor: string | null;
}
