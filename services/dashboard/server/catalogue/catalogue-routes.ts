// The event catalogue and the permission matrix, for administrators.
import { z } from '@hono/zod-openapi';
import { readContract, type Contract } from '../../../../schemas/tools/releases.ts';
import { endpoint } from '../../../platform/http/endpoint/endpoint.ts';
import { problem } from '../../../platform/http/endpoint/problem.ts';
import { integerIn, json } from '../../../platform/http/request/shapes.ts';
import type { App } from '../../../platform/http/server/request-context.ts';
import { permissions } from '../permissions.ts';
import { catalogueOf, changesOf, changesView, eventsView } from './event-catalogue.ts';
import { permissionMatrix, permissionsView } from './permission-matrix.ts';

const tags = ['catalogue'];
const version = integerIn(1, 10_000);
/** The data changes only with the code, but after a sign-out the browser must not show it from its cache. */
const headers = { 'Cache-Control': 'private, no-cache' };

/** @param read Reads the contract. It is called once, on the first request. */
export const addCatalogueRoutes = (app: App, read: () => Contract = readContract): void => {
  let known: Contract | undefined;
  const contract = (): Contract => (known ??= read());

  app.openapi(
    endpoint(permissions['catalogue.events'], {
      tags,
      summary: 'All events with their schemas, versions and readers',
      responses: { 200: { description: 'All events', content: json(eventsView) } },
    }),
    (c) => c.json({ data: catalogueOf(contract()) }, 200, headers),
  );
  app.openapi(
    endpoint(permissions['catalogue.changes'], {
      tags,
      summary: 'The changes between two versions of an event',
      request: {
        params: z.object({ type: z.string().max(200) }),
        query: z.object({ from: version, to: version }),
      },
      responses: { 200: { description: 'Changes, field by field', content: json(changesView) } },
    }),
    (c) => {
      const { from, to } = c.req.valid('query');
      const changes = changesOf(contract(), c.req.valid('param').type, from, to);
      if (changes === undefined)
        throw problem('not_found', { detail: 'The event or the version does not exist.' });
      return c.json(changes, 200, headers);
    },
  );
  app.openapi(
    endpoint(permissions['catalogue.permissions'], {
      tags,
      summary: 'The permission matrix, from the tables that the services enforce',
      responses: { 200: { description: 'All actions', content: json(permissionsView) } },
    }),
    (c) => c.json({ data: permissionMatrix() }, 200, headers),
  );
};
