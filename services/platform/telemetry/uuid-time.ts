// The instant in an id: a UUIDv7 begins with the milliseconds at which it was made (RFC 9562). Ids of events and orders are
// such ones; nothing depends on it but where a span begins and how far back a query has to look.

/** When the UUIDv7 was made; undefined for any other text. */
export const timeOfUuid = (id: string): Date | undefined => {
  const [, high, low] =
    /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.exec(id) ?? [];
  return high === undefined || low === undefined ? undefined : new Date(Number.parseInt(high + low, 16));
};
