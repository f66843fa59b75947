-- Built concurrently, so that writes are not blocked. An interrupted attempt leaves an invalid index; drop it first.
DROP INDEX CONCURRENTLY IF EXISTS "orders_waiting";--> statement-breakpoint
CREATE INDEX CONCURRENTLY "orders_waiting" ON "orders" USING btree ("created_at") WHERE "orders"."status" in ('PENDING','CONFIRMED');
