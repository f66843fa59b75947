-- NOT VALID: the constraints apply to new rows immediately. The next migration validates the existing rows without blocking writes.
ALTER TABLE "payments" ADD CONSTRAINT "payments_closed_by" CHECK ("payments"."closed_by" in ('unspecified','order_cancelled','reservation_expired')) NOT VALID;
