-- NOT VALID: the constraints apply to new rows immediately. The next migration validates the existing rows without blocking writes.
ALTER TABLE "catalogue" ADD CONSTRAINT "catalogue_price" CHECK ("catalogue"."price_minor" between 0 and 9007199254740991) NOT VALID;--> statement-breakpoint
ALTER TABLE "catalogue" ADD CONSTRAINT "catalogue_currency" CHECK ("catalogue"."currency" ~ '^[A-Z]{3}$') NOT VALID;--> statement-breakpoint
ALTER TABLE "catalogue" ADD CONSTRAINT "catalogue_version" CHECK ("catalogue"."version" >= 1) NOT VALID;--> statement-breakpoint
ALTER TABLE "order_items" ADD CONSTRAINT "order_items_price" CHECK ("order_items"."unit_price_minor" between 0 and 9007199254740991) NOT VALID;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_reservation" CHECK ("orders"."reservation_state" in ('pending','reserved','failed','released','expired','committed')) NOT VALID;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_payment_mode" CHECK ("orders"."payment_mode" in ('AUTO','MANUAL')) NOT VALID;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_payment" CHECK ("orders"."payment_state" in ('none','pending','succeeded','failed','refunded')) NOT VALID;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_total" CHECK ("orders"."total_minor" between 0 and 9007199254740991) NOT VALID;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_currency" CHECK ("orders"."currency" ~ '^[A-Z]{3}$') NOT VALID;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_version" CHECK ("orders"."version" >= 1) NOT VALID;
