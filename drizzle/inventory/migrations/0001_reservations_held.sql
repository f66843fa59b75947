-- Built beside the traffic. An attempt that was cut off leaves an invalid index, which goes first.
DROP INDEX CONCURRENTLY IF EXISTS "reservations_held";--> statement-breakpoint
CREATE INDEX CONCURRENTLY "reservations_held" ON "reservations" USING btree ("state") WHERE "reservations"."state" in ('reserved','pinned');
