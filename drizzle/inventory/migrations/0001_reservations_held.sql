-- Built concurrently, so that writes are not blocked. An interrupted attempt leaves an invalid index; drop it first.
DROP INDEX CONCURRENTLY IF EXISTS "reservations_held";--> statement-breakpoint
CREATE INDEX CONCURRENTLY "reservations_held" ON "reservations" USING btree ("state") WHERE "reservations"."state" in ('reserved','pinned');
