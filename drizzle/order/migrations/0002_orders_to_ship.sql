-- Built beside the traffic. An attempt that was cut off leaves an invalid index, which goes first.
DROP INDEX CONCURRENTLY IF EXISTS "orders_to_ship";--> statement-breakpoint
CREATE INDEX CONCURRENTLY "orders_to_ship" ON "orders" USING btree ("created_at","id") WHERE "orders"."status" = 'PAID';
