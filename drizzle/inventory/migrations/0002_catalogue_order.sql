-- Built concurrently, so that writes are not blocked. An interrupted attempt leaves an invalid index; drop it first.
DROP INDEX CONCURRENTLY IF EXISTS "inventory_by_name";--> statement-breakpoint
CREATE INDEX CONCURRENTLY "inventory_by_name" ON "inventory" USING btree ("name","product_id");--> statement-breakpoint
DROP INDEX CONCURRENTLY IF EXISTS "inventory_by_price";--> statement-breakpoint
CREATE INDEX CONCURRENTLY "inventory_by_price" ON "inventory" USING btree ("price_minor","product_id");
