CREATE TABLE "duplicate_deliveries" (
	"consumer" text NOT NULL,
	"event_id" uuid NOT NULL,
	"count" integer NOT NULL,
	"last_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "duplicate_deliveries_consumer_event_id_pk" PRIMARY KEY("consumer","event_id")
);
--> statement-breakpoint
ALTER TABLE "duplicate_deliveries" ADD CONSTRAINT "duplicate_deliveries_inbox" FOREIGN KEY ("consumer","event_id") REFERENCES "public"."processed_events"("consumer","event_id") ON DELETE cascade ON UPDATE no action;