// A request that must be refused, with the expected status and code.
import type { Person } from '../../support/shop.ts';

export type Bytes = Buffer | string;
export interface BadRequest {
  readonly label: string;
  readonly part: 'order' | 'inventory' | 'payment' | 'gateway' | 'dashboard';
  /** The method and the target of the request. */
  readonly line: string;
  readonly as?: Person;
  /** Header lines in latin1. `Content-Length` is added unless these lines contain a framing header or the body is empty. */
  readonly headers?: readonly string[];
  readonly body?: Bytes;
  readonly status: number;
  readonly code: string;
  /** Set if the request is refused before routing, so that no operation documents the response. */
  readonly beforeRouting?: true;
}

export interface Fixtures {
  /** A product of the seller. */
  readonly productId: string;
  readonly sku: string;
  /** A MANUAL order of the user. */
  readonly orderId: string;
  readonly adminToken: string;
  readonly forgedToken: string;
}

export const json = 'Content-Type: application/json';
export const someId = '0198c0de-0000-7000-8000-000000000001';
export const nested = (open: string, close: string): string => open.repeat(10_000) + close.repeat(10_000);
export type Expected = readonly [status: number, code: string];
export const malformed: Expected = [400, 'malformed_json'];
export const badRequest: Expected = [400, 'bad_request'];
export const unauthenticated: Expected = [401, 'unauthenticated'];
export const forbidden: Expected = [403, 'forbidden'];
export const notFound: Expected = [404, 'not_found'];
export const wrongMethod: Expected = [405, 'method_not_allowed'];
export const tooLarge: Expected = [413, 'body_too_large'];
export const wrongType: Expected = [415, 'unsupported_media_type'];
export const violation: Expected = [422, 'schema_violation'];
export const unknownProduct: Expected = [422, 'unknown_product'];

/** The body of a request in which one value is wrong. */
export type WrongBody = readonly [label: string, body: Bytes];

export const request = (
  label: string,
  part: BadRequest['part'],
  line: string,
  [status, code]: Expected,
  more: Partial<BadRequest> = {},
): BadRequest => ({ label, part, line, status, code, ...more });
