ALTER TABLE "inventory" VALIDATE CONSTRAINT "inventory_currency";--> statement-breakpoint
ALTER TABLE "inventory" VALIDATE CONSTRAINT "inventory_version";
