ALTER TABLE "payments" VALIDATE CONSTRAINT "payments_amount";--> statement-breakpoint
ALTER TABLE "payments" VALIDATE CONSTRAINT "payments_currency";--> statement-breakpoint
ALTER TABLE "payments" VALIDATE CONSTRAINT "payments_mode";--> statement-breakpoint
ALTER TABLE "transactions" VALIDATE CONSTRAINT "transactions_amount";--> statement-breakpoint
ALTER TABLE "transactions" VALIDATE CONSTRAINT "transactions_currency";--> statement-breakpoint
ALTER TABLE "transactions" VALIDATE CONSTRAINT "transactions_attempts";
