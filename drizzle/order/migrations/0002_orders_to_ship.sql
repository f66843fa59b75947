-- Built concurrently, so that writes are not blocked. An interrupted attempt leaves an invalid index; drop it first.
DROP INDEX CONCURRENTLY IF EXISTS "orders_to_ship";--> statement-breakpoint
CREATE INDEX CONCURRENTLY "orders_to_ship" ON "orders" USING btree ("created_at","id") WHERE "orders"."status" = 'PAID';
