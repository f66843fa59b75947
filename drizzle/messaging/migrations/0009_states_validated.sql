ALTER TABLE "processed_events" VALIDATE CONSTRAINT "processed_events_outcome";
