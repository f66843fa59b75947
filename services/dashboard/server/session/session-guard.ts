// Authenticates calls to the dashboard's own endpoints by the session cookie. The roles are those of the current
// access token; without a valid or renewable token, there is no session.
import { problem } from '../../../platform/http/endpoint/problem.ts';
import type { Guards } from '../../../platform/http/server/request-context.ts';
import type { Sessions } from './sessions.ts';

export const authenticateBySession =
  (sessions: Sessions): Guards['authenticate'] =>
  async (c) => {
    const session = await sessions.current(c);
    if (session === undefined) throw problem('unauthenticated', { detail: 'Sign in first.' });
    const { id, email, roles } = session.user;
    return { subject: id, email: email ?? undefined, roles };
  };
