-- Built beside the traffic. An attempt that was cut off leaves an invalid index, which goes first.
DROP INDEX CONCURRENTLY IF EXISTS "orders_waiting";--> statement-breakpoint
CREATE INDEX CONCURRENTLY "orders_waiting" ON "orders" USING btree ("created_at") WHERE "orders"."status" in ('PENDING','CONFIRMED');
