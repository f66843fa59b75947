// The corpus of requests that must be refused: requests of attackers, scanners and broken clients. They are written to the socket
// unchanged, because an HTTP client would correct or refuse some of these requests.
import type { Fixtures, BadRequest } from './bad-request.ts';
import { badOrders } from './placing.ts';
import { badCallers, badTargets, badQueries } from './callers.ts';
import { badProducts } from './selling.ts';
import { badPayments } from './money.ts';
import { badFraming } from './framing.ts';

/** All requests of the corpus, with the ids of the fixtures. */
export const badRequests = (fixtures: Fixtures): BadRequest[] =>
  [badOrders, badCallers, badTargets, badQueries, badProducts, badPayments, badFraming].flatMap((family) =>
    family(fixtures),
  );
