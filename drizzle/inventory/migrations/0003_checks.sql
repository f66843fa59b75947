-- NOT VALID: the constraints apply to new rows immediately. The next migration validates the existing rows without blocking writes.
ALTER TABLE "inventory" ADD CONSTRAINT "inventory_currency" CHECK ("inventory"."currency" ~ '^[A-Z]{3}$') NOT VALID;--> statement-breakpoint
ALTER TABLE "inventory" ADD CONSTRAINT "inventory_version" CHECK ("inventory"."version" >= 1) NOT VALID;
