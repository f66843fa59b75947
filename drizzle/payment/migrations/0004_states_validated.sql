ALTER TABLE "payments" VALIDATE CONSTRAINT "payments_closed_by";
