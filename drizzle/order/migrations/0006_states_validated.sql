ALTER TABLE "order_events" VALIDATE CONSTRAINT "order_events_outcome";--> statement-breakpoint
ALTER TABLE "order_events" VALIDATE CONSTRAINT "order_events_status";--> statement-breakpoint
ALTER TABLE "orders" VALIDATE CONSTRAINT "orders_cancellation_reason";
