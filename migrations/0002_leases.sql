-- A lease is told from the next one by a count of its own: the count of tries goes back where
-- an effect was leased and not tried, so that two workers could hold the same number.
ALTER TABLE outbox ADD COLUMN leases BIGINT NOT NULL DEFAULT 0;
