CREATE TABLE "audit_log" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_log_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"transaction" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"subject" text NOT NULL,
	"roles" text[] NOT NULL,
	"action" text NOT NULL,
	"resource" text,
	"outcome" text NOT NULL,
	"status" smallint,
	"code" text,
	"correlation_id" text NOT NULL,
	"request_id" text NOT NULL,
	CONSTRAINT "audit_log_outcome" CHECK ("audit_log"."outcome" in ('accepted','ignored','refused')),
	CONSTRAINT "audit_log_status" CHECK (("audit_log"."outcome" = 'refused') = ("audit_log"."status" is not null)),
	CONSTRAINT "audit_log_code" CHECK (("audit_log"."outcome" = 'accepted') = ("audit_log"."code" is null))
);
--> statement-breakpoint
CREATE TABLE "audit_seals" (
	"position" bigint PRIMARY KEY NOT NULL,
	"entry_id" bigint NOT NULL,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL,
	CONSTRAINT "audit_seals_entry" UNIQUE("entry_id"),
	CONSTRAINT "audit_seals_position" CHECK ("audit_seals"."position" > 0)
);
--> statement-breakpoint
CREATE INDEX "audit_log_transaction" ON "audit_log" USING btree ("transaction","id");--> statement-breakpoint
CREATE INDEX "audit_log_at" ON "audit_log" USING btree ("at","id");--> statement-breakpoint
CREATE INDEX "audit_log_subject" ON "audit_log" USING btree ("subject","at","id");