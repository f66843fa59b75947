-- Built beside the traffic. An attempt that was cut off leaves an invalid index, which goes first.
DROP INDEX CONCURRENTLY IF EXISTS "inventory_by_name";--> statement-breakpoint
CREATE INDEX CONCURRENTLY "inventory_by_name" ON "inventory" USING btree ("name","product_id");--> statement-breakpoint
DROP INDEX CONCURRENTLY IF EXISTS "inventory_by_price";--> statement-breakpoint
CREATE INDEX CONCURRENTLY "inventory_by_price" ON "inventory" USING btree ("price_minor","product_id");
