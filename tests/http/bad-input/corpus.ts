// The corpus of requests that must be refused: requests of attackers, scanners and broken clients. They are written to the socket
// unchanged, because an HTTP client would correct most of them.
import type { Fixtures, BadRequest } from './bad-request.ts';
import { placing } from './placing.ts';
import { callers, addresses, queries } from './callers.ts';
import { selling } from './selling.ts';
import { money } from './money.ts';
import { framing } from './framing.ts';

/** All requests of the corpus, with the ids of the fixtures. */
export const badRequests = (fixtures: Fixtures): BadRequest[] =>
  [placing, callers, addresses, queries, selling, money, framing].flatMap((family) => family(fixtures));
