-- What a delivery says and which body it was, so that a repetition is known under any GUID, and a GUID is not taken for
-- its content. shared/migrations/README.md describes every column.

ALTER TABLE deliveries ADD COLUMN fingerprint TEXT;
ALTER TABLE deliveries ADD COLUMN digest TEXT;
CREATE UNIQUE INDEX deliveries_by_digest ON deliveries (digest) WHERE digest IS NOT NULL;
