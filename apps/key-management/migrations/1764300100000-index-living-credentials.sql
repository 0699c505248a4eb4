-- What is looked through again and again for expiry must not grow with the certificates that have ended otherwise.
DROP INDEX credential_not_after;

CREATE INDEX credential_living ON credential (not_after)
WHERE expired_told_at IS NULL AND status IN ('active', 'retiring');
