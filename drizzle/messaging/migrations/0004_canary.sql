-- Sends a canary through the outbox: a row that is inserted and deleted again in one transaction. The connector publishes the
-- insert like any other row, but to the topic for canaries, so the arrival of the canary proves that the whole pipeline works.
-- No other transaction ever sees the row, so retention, audits and the repair of a slot are not affected by canaries.
-- The function runs as the owner of the table, so the calling role needs no other write privilege, and it works while the service
-- is down. The payload is the shortest that the table accepts: the magic byte 0x00, schema id 0 (which no registry assigns) and
-- one byte.
CREATE FUNCTION "public"."emit_canary"(canary uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  digits CONSTANT text := replace(canary::text, '-', '');
BEGIN
  INSERT INTO public.outbox (
    id, aggregate_type, aggregate_id, event_type, schema_id, payload, correlation_id, causation_id, traceparent, occurred_at
  ) VALUES (
    canary, 'outbox-canary', 'canary', 'canary', 0, '\x000000000000', canary::text, canary::text,
    format('00-%s-%s-00', digits, right(digits, 16)), clock_timestamp()
  );
  DELETE FROM public.outbox WHERE id = canary;
END
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "public"."emit_canary"(uuid) FROM PUBLIC;
