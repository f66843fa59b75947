// A corpus of requests that must be refused: what strangers, broken clients and scanners send. They are written to the socket as
// they are, because a client library would correct most of them.
import type { Known, BadRequest } from './bad-request.ts';
import { placing } from './placing.ts';
import { callers, addresses, queries } from './callers.ts';
import { selling } from './selling.ts';
import { money } from './money.ts';
import { framing } from './framing.ts';

/** The whole corpus, against what is known to be there. */
export const badRequests = (known: Known): BadRequest[] =>
  [placing, callers, addresses, queries, selling, money, framing].flatMap((family) => family(known));
