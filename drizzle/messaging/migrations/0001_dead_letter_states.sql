ALTER TABLE "dead_letters" DROP CONSTRAINT "dead_letters_position";--> statement-breakpoint
-- For dead letters that were stored before this column existed, the time of the failure is close to the time of publication.
ALTER TABLE "dead_letters" ADD COLUMN "published_at" timestamp (3) with time zone;--> statement-breakpoint
UPDATE "dead_letters" SET "published_at" = "failed_at";--> statement-breakpoint
ALTER TABLE "dead_letters" ALTER COLUMN "published_at" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "dead_letters" ADD COLUMN "state" text DEFAULT 'parked' NOT NULL;--> statement-breakpoint
ALTER TABLE "dead_letters" ADD COLUMN "replays" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "dead_letters" ADD COLUMN "replay_error" text;--> statement-breakpoint
ALTER TABLE "dead_letters" ADD COLUMN "settled_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "dead_letters" ADD COLUMN "settled_by" text;--> statement-breakpoint
ALTER TABLE "dead_letters" ADD COLUMN "archive_reason" text;--> statement-breakpoint
CREATE INDEX "dead_letters_parked" ON "dead_letters" USING btree ("fingerprint") WHERE "dead_letters"."state" = 'parked';--> statement-breakpoint
CREATE INDEX "dead_letters_settled_at" ON "dead_letters" USING btree ("settled_at");--> statement-breakpoint
ALTER TABLE "dead_letters" ADD CONSTRAINT "dead_letters_position" UNIQUE("consumer","topic","partition","offset","published_at");--> statement-breakpoint
ALTER TABLE "dead_letters" ADD CONSTRAINT "dead_letters_state" CHECK ("dead_letters"."state" in ('parked','replayed','archived'));--> statement-breakpoint
ALTER TABLE "dead_letters" ADD CONSTRAINT "dead_letters_settled" CHECK (("dead_letters"."state" = 'parked') = ("dead_letters"."settled_at" is null) and ("dead_letters"."state" = 'parked') = ("dead_letters"."settled_by" is null));--> statement-breakpoint
ALTER TABLE "dead_letters" ADD CONSTRAINT "dead_letters_archived" CHECK (("dead_letters"."state" = 'archived') = ("dead_letters"."archive_reason" is not null));