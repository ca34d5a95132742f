-- Times in payloads are no longer believed if they lie in the future. What they have made of subjects and names until now
-- lasts no longer than to this migration.

UPDATE subjects SET at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), version = version + 1
WHERE at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+5 minutes');
UPDATE repository_names SET at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+5 minutes');
