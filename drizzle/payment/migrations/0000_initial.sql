CREATE TABLE "payments" (
	"order_id" uuid PRIMARY KEY NOT NULL,
	"customer_id" text,
	"amount_minor" bigint,
	"currency" text,
	"mode" text,
	"method" text,
	"token" text,
	"hold" text NOT NULL,
	"closed_by" text,
	"charge" text NOT NULL,
	"charge_id" text,
	"failure_code" text,
	"refund" text NOT NULL,
	"refund_id" text,
	"version" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "payments_hold" CHECK ("payments"."hold" in ('unknown','held','pinned')),
	CONSTRAINT "payments_charge" CHECK ("payments"."charge" in ('none','started','succeeded','failed')),
	CONSTRAINT "payments_refund" CHECK ("payments"."refund" in ('none','started','succeeded')),
	CONSTRAINT "payments_refund_needs_charge" CHECK ("payments"."refund" = 'none' or "payments"."charge" = 'succeeded'),
	CONSTRAINT "payments_charge_needs_terms" CHECK ("payments"."charge" = 'none' or "payments"."amount_minor" is not null)
);
--> statement-breakpoint
CREATE TABLE "transactions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"order_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"idempotency_key" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"token" text,
	"charge_id" text,
	"state" text NOT NULL,
	"attempts" integer NOT NULL,
	"last_error" text,
	"gateway_id" text,
	"due_at" timestamp (3) with time zone NOT NULL,
	"correlation_id" text NOT NULL,
	"causation_id" text NOT NULL,
	"traceparent" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "transactions_idempotency_key" UNIQUE("idempotency_key"),
	CONSTRAINT "transactions_kind" CHECK ("transactions"."kind" in ('charge','refund')),
	CONSTRAINT "transactions_state" CHECK ("transactions"."state" in ('due','unknown','succeeded','declined','abandoned'))
);
--> statement-breakpoint
ALTER TABLE "transactions" ADD CONSTRAINT "transactions_order_id_payments_order_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."payments"("order_id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "transactions_due" ON "transactions" USING btree ("due_at") WHERE "transactions"."state" in ('due','unknown');
--> statement-breakpoint
CREATE INDEX "transactions_by_order" ON "transactions" USING btree ("order_id");
