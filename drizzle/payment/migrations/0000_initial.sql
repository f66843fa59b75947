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
CREATE TABLE "dead_letters" (
	"id" uuid PRIMARY KEY NOT NULL,
	"consumer" text NOT NULL,
	"topic" text NOT NULL,
	"partition" integer NOT NULL,
	"offset" bigint NOT NULL,
	"key" text,
	"value" "bytea",
	"headers" jsonb NOT NULL,
	"event_id" text,
	"event_type" text,
	"error" text NOT NULL,
	"fingerprint" text NOT NULL,
	"attempts" integer NOT NULL,
	"failed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "dead_letters_position" UNIQUE("consumer","topic","partition","offset")
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"scope" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"status" smallint NOT NULL,
	"body" jsonb NOT NULL,
	"headers" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_scope_key_pk" PRIMARY KEY("scope","key")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" uuid PRIMARY KEY NOT NULL,
	"aggregate_type" text NOT NULL,
	"aggregate_id" text NOT NULL,
	"event_type" text NOT NULL,
	"schema_id" integer NOT NULL,
	"payload" "bytea" NOT NULL,
	"correlation_id" text NOT NULL,
	"causation_id" text NOT NULL,
	"traceparent" text NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "outbox_key_not_empty" CHECK ("outbox"."aggregate_id" <> ''),
	CONSTRAINT "outbox_payload_framed" CHECK (octet_length("outbox"."payload") between 6 and 900000 and get_byte("outbox"."payload", 0) = 0)
);
--> statement-breakpoint
CREATE TABLE "processed_events" (
	"consumer" text NOT NULL,
	"event_id" uuid NOT NULL,
	"event_type" text NOT NULL,
	"topic" text NOT NULL,
	"partition" integer NOT NULL,
	"offset" bigint NOT NULL,
	"published_at" timestamp (3) with time zone NOT NULL,
	"processed_at" timestamp (3) with time zone NOT NULL,
	"outcome" text NOT NULL,
	CONSTRAINT "processed_events_consumer_event_id_pk" PRIMARY KEY("consumer","event_id")
);
--> statement-breakpoint
ALTER TABLE "transactions" ADD CONSTRAINT "transactions_order_id_payments_order_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."payments"("order_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "transactions_due" ON "transactions" USING btree ("due_at") WHERE "transactions"."state" in ('due','unknown');--> statement-breakpoint
CREATE INDEX "transactions_by_order" ON "transactions" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "idempotency_keys_created_at" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "outbox_occurred_at" ON "outbox" USING btree ("occurred_at");--> statement-breakpoint
CREATE INDEX "outbox_correlation_id" ON "outbox" USING btree ("correlation_id");--> statement-breakpoint
CREATE INDEX "processed_events_processed_at" ON "processed_events" USING btree ("processed_at");