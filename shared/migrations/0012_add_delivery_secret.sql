-- The label of the webhook secret that signed a delivery. shared/migrations/README.md describes every column.

ALTER TABLE deliveries ADD COLUMN secret TEXT;
