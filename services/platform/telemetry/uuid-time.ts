// Reads the creation time out of a UUIDv7 (RFC 9562), the format of event and order ids. The time is used only for the start of a
// span and to narrow a query of the outbox, so a wrong time in an id affects no decision.

/** The last instant that is accepted. JavaScript writes later years with a sign and six digits, which PostgreSQL cannot parse. */
const lastInstant = Date.parse('9999-12-31T23:59:59.999Z');

/** Undefined for any other text, and for an instant after the year 9999. */
export const timeOfUuid = (id: string): Date | undefined => {
  const [, high, low] =
    /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.exec(id) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const time = Number.parseInt(high + low, 16);
  return time > lastInstant ? undefined : new Date(time);
};
