-- Sends a canary through the outbox: a row that is inserted and deleted again in one transaction. The connector publishes
-- the insert like any other, to the topic for canaries beside the one for events, so its arrival proves the whole pipeline.
-- Nobody ever sees the row: retention, audits and the repair of a lost slot know nothing of canaries.
-- It runs as the owner of the table, for a role that can write nothing else, and works while the service is down. The payload
-- is the shortest that the table takes: the mark of Confluent's framing, schema id 0, which no registry gives out, one byte.
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
