-- NOT VALID: the constraints apply to new rows immediately. The next migration validates the existing rows without blocking writes.
-- `orders` is locked first, as in the transactions of the service; another sequence could deadlock with them.
ALTER TABLE "orders" ADD CONSTRAINT "orders_cancellation_reason" CHECK ("orders"."cancellation_reason" in ('unspecified','reservation_failed','payment_failed','reservation_expired','customer_cancelled')) NOT VALID;--> statement-breakpoint
ALTER TABLE "order_events" ADD CONSTRAINT "order_events_outcome" CHECK ("order_events"."outcome" = 'accepted' or "order_events"."outcome" ~ '^(ignored|re-emitted .*): ') NOT VALID;--> statement-breakpoint
ALTER TABLE "order_events" ADD CONSTRAINT "order_events_status" CHECK ("order_events"."status" in ('PENDING','CONFIRMED','PAID','FULFILLED','CANCELLED')) NOT VALID;
