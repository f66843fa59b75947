-- `passed`: that many of the oldest due rows are left, because they cannot be deleted. Services that call the function with three
-- arguments keep working. Otherwise the function is as in 0002_outbox_retention.sql, which explains it.
DROP FUNCTION "public"."delete_published_outbox_rows"(text, timestamp with time zone, integer);--> statement-breakpoint
CREATE FUNCTION "public"."delete_published_outbox_rows"(
  outbox_slot text, older_than timestamp with time zone, at_most integer, passed integer DEFAULT 0, OUT deleted integer, OUT refused text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  max_lag CONSTANT numeric := 64 * 1024 * 1024;
  slot record;
BEGIN
  deleted := 0;
  IF older_than IS NULL OR older_than > now() - interval '1 day' THEN
    RAISE EXCEPTION 'outbox rows younger than one day are never deleted' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF at_most IS NULL OR at_most NOT BETWEEN 1 AND 10000 THEN
    RAISE EXCEPTION 'between 1 and 10000 outbox rows are deleted at a time' USING ERRCODE = 'invalid_parameter_value';
  END IF;

  SELECT wal_status, catalog_xmin, pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) AS lag
  INTO slot FROM pg_replication_slots
  WHERE slot_name = outbox_slot AND slot_type = 'logical' AND database = current_database();
  refused := CASE
    WHEN NOT FOUND THEN format('there is no replication slot %s', outbox_slot)
    WHEN slot.wal_status IS NULL OR slot.wal_status NOT IN ('reserved', 'extended')
      THEN format('the replication slot %s is %s', outbox_slot, coalesce(slot.wal_status, 'not usable'))
    WHEN slot.lag IS NULL OR slot.catalog_xmin IS NULL
      THEN format('the replication slot %s has confirmed nothing yet', outbox_slot)
    WHEN slot.lag > max_lag
      THEN format('the replication slot %s is %s MiB behind', outbox_slot, round(slot.lag / 1048576))
  END;
  IF refused IS NOT NULL THEN
    RETURN;
  END IF;

  DELETE FROM public.outbox WHERE id IN (
    SELECT o.id FROM public.outbox o
    WHERE o.occurred_at < older_than AND age(o.xmin) > age(slot.catalog_xmin)
    ORDER BY o.occurred_at LIMIT at_most OFFSET passed FOR UPDATE SKIP LOCKED
  );
  GET DIAGNOSTICS deleted = ROW_COUNT;
END
$$;--> statement-breakpoint
REVOKE ALL ON FUNCTION "public"."delete_published_outbox_rows"(text, timestamp with time zone, integer, integer) FROM PUBLIC;
