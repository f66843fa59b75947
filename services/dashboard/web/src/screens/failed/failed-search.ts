// The URL parameters of the dead-letter page. They select all causes, one cause of a service, or one dead letter.
import type { DeadLetterState, ServiceName } from '../../api/types.ts';
import { serviceNames } from '../../parts/service-names.ts';

const states: readonly DeadLetterState[] = ['parked', 'replayed', 'archived'];

export interface FailedSearch {
  readonly service?: ServiceName;
  /** The fingerprint of a cause. */
  readonly cause?: string;
  /** The id of a dead letter. */
  readonly letter?: string;
  /** `parked` when absent. */
  readonly state?: DeadLetterState;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** `cause` and `letter` are dropped without a valid service, because both belong to a service. */
export const toFailedSearch = (search: Readonly<Record<string, unknown>>): FailedSearch => {
  const { cause, letter } = search;
  const service = serviceNames.find((name) => name === search['service']);
  const state = states.find((name) => name === search['state']);
  return {
    ...(service === undefined ? {} : { service }),
    ...(service !== undefined && typeof cause === 'string' && cause !== '' ? { cause } : {}),
    ...(service !== undefined && typeof letter === 'string' && uuid.test(letter) ? { letter } : {}),
    ...(state === undefined || state === 'parked' ? {} : { state }),
  };
};
