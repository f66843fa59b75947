-- New rows are held to the rules at once; those of the table are looked at by the next migration, beside the traffic.
ALTER TABLE "inventory" ADD CONSTRAINT "inventory_currency" CHECK ("inventory"."currency" ~ '^[A-Z]{3}$') NOT VALID;--> statement-breakpoint
ALTER TABLE "inventory" ADD CONSTRAINT "inventory_version" CHECK ("inventory"."version" >= 1) NOT VALID;
