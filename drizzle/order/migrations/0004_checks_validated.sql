ALTER TABLE "catalogue" VALIDATE CONSTRAINT "catalogue_price";--> statement-breakpoint
ALTER TABLE "catalogue" VALIDATE CONSTRAINT "catalogue_currency";--> statement-breakpoint
ALTER TABLE "catalogue" VALIDATE CONSTRAINT "catalogue_version";--> statement-breakpoint
ALTER TABLE "order_items" VALIDATE CONSTRAINT "order_items_price";--> statement-breakpoint
ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_reservation";--> statement-breakpoint
ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_payment_mode";--> statement-breakpoint
ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_payment";--> statement-breakpoint
ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_total";--> statement-breakpoint
ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_currency";--> statement-breakpoint
ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_version";
