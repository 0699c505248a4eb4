-- What the lists of all keys and all certificates are read by, page after page.
CREATE INDEX service_key_by_name ON service_key (name, id);

CREATE INDEX service_key_name_search ON service_key (lower(name) text_pattern_ops);

CREATE INDEX service_key_revoked_by_name ON service_key (name, id) WHERE status = 'revoked';

CREATE INDEX credential_by_expiry ON credential (not_after, sha256);

CREATE INDEX credential_revoked_by_expiry ON credential (not_after, sha256) WHERE status = 'revoked';
