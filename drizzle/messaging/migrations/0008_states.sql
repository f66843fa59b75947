-- NOT VALID: the constraints apply to new rows immediately. The next migration validates the existing rows without blocking writes.
ALTER TABLE "processed_events" ADD CONSTRAINT "processed_events_outcome" CHECK ("processed_events"."outcome" = 'accepted' or "processed_events"."outcome" like 'ignored: %') NOT VALID;
