// W3C Trace Context: one trace id follows an action through HTTP, outbox row, Kafka header and the next outbox row.
// The invariant: a malformed traceparent from outside is never passed on to messages; a new trace replaces it.
import { randomBytes } from 'node:crypto';

interface Traceparent {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const zeroTraceId = '0'.repeat(32);
const zeroSpanId = '0'.repeat(16);

/** Undefined when the header is invalid. For a version above 00, only the fields of version 00 are read. */
export const parseTraceparent = (header: string | undefined): Traceparent | undefined => {
  const [, version, traceId, spanId, flags, rest] = pattern.exec(header?.trim() ?? '') ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined)
    return undefined;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (traceId === zeroTraceId || spanId === zeroSpanId) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
};

/** Always writes version 00. */
export const formatTraceparent = ({ traceId, spanId, sampled }: Traceparent): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;

/** The same trace and sampling decision under a new span; undefined when the parent is invalid. */
export const childOf = (traceparent: string | undefined, newSpanId: string): string | undefined => {
  const parent = parseTraceparent(traceparent);
  return parent && formatTraceparent({ ...parent, spanId: newSpanId });
};

/** The first span of a new, sampled trace. */
export const newTrace = (traceId: string, spanId: string): string =>
  formatTraceparent({ traceId, spanId, sampled: true });

const randomId = (bytes: number): string => {
  const hex = randomBytes(bytes).toString('hex');
  return /[1-9a-f]/.test(hex) ? hex : randomId(bytes);
};

/** 16 hex digits, never all zero. */
export const randomSpanId = (): string => randomId(8);
/** 32 hex digits, never all zero. */
export const randomTraceId = (): string => randomId(16);

/** A new span in the given trace, or in a new trace when `traceparent` is absent or invalid. */
export const continueTrace = (traceparent: string | undefined): string => {
  const spanId = randomSpanId();
  return childOf(traceparent, spanId) ?? newTrace(randomTraceId(), spanId);
};
