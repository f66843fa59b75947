// The corpus of requests that must be refused, as attackers, broken clients and scanners send them. They are written to the socket
// unchanged, because a client library would correct most of them.
import type { Fixtures, BadRequest } from './bad-request.ts';
import { placing } from './placing.ts';
import { callers, addresses, queries } from './callers.ts';
import { selling } from './selling.ts';
import { money } from './money.ts';
import { framing } from './framing.ts';

/** The whole corpus, for these fixtures. */
export const badRequests = (fixtures: Fixtures): BadRequest[] =>
  [placing, callers, addresses, queries, selling, money, framing].flatMap((family) => family(fixtures));
