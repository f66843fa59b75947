// The instant in an id: a UUIDv7 begins with the milliseconds at which it was made (RFC 9562). Ids of events and orders are
// such ones; nothing depends on it but where a span begins and how far back a query has to look.

/** The last instant whose year has four digits. PostgreSQL reads no longer ones as JavaScript writes them. */
const lastInstant = Date.parse('9999-12-31T23:59:59.999Z');

/** When the UUIDv7 was made; undefined for any other text, and for an instant after the year 9999. */
export const timeOfUuid = (id: string): Date | undefined => {
  const [, high, low] =
    /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.exec(id) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const time = Number.parseInt(high + low, 16);
  return time > lastInstant ? undefined : new Date(time);
};
